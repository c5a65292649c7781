// Command searchfeed keeps the documents of a search engine in step with a catalogue: it reads all products once, and
// then the feed of what changes, and writes both by OpenSearch's bulk requests. The server keeps a feed with -feed:
//
//	go run ./examples/server -feed 168h
//	PASSWORD=... go run ./examples/searchfeed -index http://localhost:9200/products
//
// A document's version is the product's, so that what comes twice, or late, changes nothing. Where it got to is kept in
// a file, from which it goes on; where the feed doesn't reach back to that any more it reads everything anew. Of each
// import it says whether all of it has arrived.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/products-importer/products-importer/webhooks/receive"
)

func main() {
	f := follower{password: os.Getenv("PASSWORD"), out: os.Stdout, wait: 30}
	flag.StringVar(&f.server, "server", "http://127.0.0.1:8080", "the `URL` of the products importer")
	flag.StringVar(&f.user, "user", "admin", "the `name` to log in with; the password is in PASSWORD")
	flag.StringVar(&f.index, "index", "http://127.0.0.1:9200/products", "the `URL` of the search engine's index")
	flag.StringVar(&f.file, "state", "searchfeed.json", "the `file` that says where it got to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for ctx.Err() == nil {
		if err := f.run(ctx); ctx.Err() == nil { // until it is stopped
			fmt.Fprintln(os.Stderr, "searchfeed:", err)
			time.Sleep(5 * time.Second)
		}
	}
}

// follower follows a server's feed.
type follower struct {
	server, user, password string
	index, file            string
	wait                   int // seconds
	out                    io.Writer

	state state
	bulk  bytes.Buffer
	tally *receive.Tally
	open  map[string]bool // imports that haven't ended
}

// state is where a follower got to.
type state struct {
	After string `json:"after"` // a cursor of the feed
	Round int64  `json:"round"` // when everything was read; each document says in which round it was written
}

// errGone is the error for a cursor to which the feed doesn't reach back.
var errGone = errors.New("the feed doesn't reach back")

// run goes on from the state, until the context ends or something fails.
func (f *follower) run(ctx context.Context) error {
	f.bulk.Reset()
	f.tally = receive.NewTally(receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted)
	f.open = map[string]bool{}
	text, err := os.ReadFile(f.file)
	if err == nil {
		err = json.Unmarshal(text, &f.state)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = f.begin(ctx)
	}
	for after := f.state.After; err == nil; {
		var next string
		next, err = f.step(ctx, after)
		switch {
		case errors.Is(err, errGone):
			err = f.begin(ctx)
			after = f.state.After
		case err == nil && next != after:
			after = next
			// In the middle of an import it would go on without what it has counted of it: better it reads that again.
			if f.state.After = after; len(f.open) == 0 {
				err = f.save()
			}
		}
	}
	return err
}

// save writes the state, whole or not at all.
func (f *follower) save() error {
	text, err := json.Marshal(f.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(f.file+".new", f.file)
}

// begin writes a document for every product, and removes the others. What changes meanwhile comes by the feed.
func (f *follower) begin(ctx context.Context) error {
	page, err := f.changes(ctx, "after=now")
	if err != nil {
		return err
	}
	f.state = state{After: page.Next, Round: time.Now().UnixMicro()}
	clear(f.open)
	n := 0
	for at := "/products/?limit=500&cursor="; at != ""; {
		var list struct {
			Next    *string
			Results []json.RawMessage
		}
		if err := f.get(ctx, at, &list); err != nil {
			return err
		}
		for _, product := range list.Results {
			if err := f.put(ctx, product); err != nil {
				return err
			}
		}
		if err := f.flush(ctx); err != nil {
			return err
		}
		if n, at = n+len(list.Results), ""; list.Next != nil {
			at = *list.Next
		}
	}
	if err := f.remove(ctx, fmt.Sprintf(`{"query":{"range":{"round":{"lt":%d}}}}`, f.state.Round)); err != nil {
		return err
	}
	fmt.Fprintf(f.out, "%d products read\n", n)
	return f.save()
}

// page is an answer of GET /changes.
type page struct {
	Events []receive.Message
	Next   string
}

func (f *follower) changes(ctx context.Context, query string) (p page, err error) {
	return p, f.get(ctx, "/changes?"+query, &p)
}

// step writes the next events, and returns where to go on. It waits where there are none.
func (f *follower) step(ctx context.Context, after string) (next string, err error) {
	page, err := f.changes(ctx, fmt.Sprintf("limit=100&wait=%d&after=%s", f.wait, url.QueryEscape(after)))
	if err != nil {
		return "", err
	}
	var ended []*receive.ImportStatus
	for i := range page.Events {
		m := &page.Events[i]
		if err := f.write(ctx, m); err != nil {
			return "", err
		}
		status, err := f.tally.Add(m)
		switch {
		case err != nil:
			return "", err
		case status == nil:
		case status.Summary == "":
			f.open[status.ImportID] = true
		default:
			ended = append(ended, status)
		}
	}
	if err := f.flush(ctx); err != nil {
		return "", err
	}
	for _, s := range ended { // everything of it came before its end, unless it was there before this program
		fmt.Fprintf(f.out, "%s %s: %d products, complete: %t %s\n", s.Summary, s.ImportID, s.Products, s.Complete,
			s.Missing)
		f.tally.Forget(s.ImportID)
		delete(f.open, s.ImportID)
	}
	return page.Next, nil
}

// write makes bulk actions of an event.
func (f *follower) write(ctx context.Context, m *receive.Message) error {
	switch m.Type {
	case receive.ProductsDeletedAll:
		if err := f.flush(ctx); err != nil {
			return err
		}
		return f.remove(ctx, `{"query":{"match_all":{}}}`)
	case receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted:
	default:
		return nil
	}
	var data struct{ Products []json.RawMessage }
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return err
	}
	for _, product := range data.Products {
		var is struct {
			ID, Version int64
			Abridged    bool
		}
		err := json.Unmarshal(product, &is)
		switch {
		case err != nil:
		case m.Type == receive.ProductDeleted:
			f.action("delete", is.ID, is.Version)
		case is.Abridged: // it was too large for an event
			err = f.get(ctx, "/products/"+strconv.FormatInt(is.ID, 10), &product)
			if err == nil {
				err = f.put(ctx, product)
			} else if errors.Is(err, fs.ErrNotExist) {
				err = nil // its deletion comes
			}
		default:
			err = f.put(ctx, product)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put has a product's document written.
func (f *follower) put(ctx context.Context, product json.RawMessage) error {
	var is struct{ ID, Version int64 }
	if err := json.Unmarshal(product, &is); err != nil {
		return err
	}
	f.action("index", is.ID, is.Version)
	fmt.Fprintf(&f.bulk, `{"round":%d,%s`+"\n", f.state.Round, bytes.TrimSpace(product)[1:])
	if f.bulk.Len() > 4<<20 {
		return f.flush(ctx)
	}
	return nil
}

// action adds the line of an action. A version that the document is beyond is refused, and that is as it should be.
func (f *follower) action(name string, id, version int64) {
	fmt.Fprintf(&f.bulk, `{"%s":{"_id":"%d","version":%d,"version_type":"external_gte"}}`+"\n", name, id, version)
}

// flush sends the bulk request.
func (f *follower) flush(ctx context.Context) error {
	if f.bulk.Len() == 0 {
		return nil
	}
	var answer struct {
		Items []map[string]struct {
			Status int
			Error  json.RawMessage
		}
	}
	err := f.send(ctx, http.MethodPost, f.index+"/_bulk", "application/x-ndjson", f.bulk.Bytes(), &answer)
	if err != nil {
		return err
	}
	f.bulk.Reset()
	for _, item := range answer.Items {
		for action, of := range item {
			stale := of.Status == http.StatusConflict || of.Status == http.StatusNotFound && action == "delete"
			if of.Status > 299 && !stale {
				return fmt.Errorf("%s: %d %s", action, of.Status, of.Error)
			}
		}
	}
	return nil
}

// remove removes the documents that the query finds.
func (f *follower) remove(ctx context.Context, query string) error {
	err := f.send(ctx, http.MethodPost, f.index+"/_refresh", "", nil, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the index comes with its first document
		return nil
	case err != nil:
		return err
	}
	return f.send(ctx, http.MethodPost, f.index+"/_delete_by_query?refresh=true", "application/json", []byte(query), nil)
}

// get reads JSON from the products importer. The target may be a whole URL, as links in answers are.
func (f *follower) get(ctx context.Context, target string, answer any) error {
	if strings.HasPrefix(target, "/") {
		target = f.server + target
	}
	return f.send(ctx, http.MethodGet, target, "", nil, answer)
}

// send sends a request, and reads the answer's JSON.
func (f *follower) send(ctx context.Context, method, target, contentType string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if strings.HasPrefix(target, f.server+"/") {
		r.SetBasicAuth(f.user, f.password)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusGone:
		return errGone
	case response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w", target, fs.ErrNotExist)
	case response.StatusCode > 299:
		return fmt.Errorf("%s: %s %.500s", target, response.Status, text)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}
