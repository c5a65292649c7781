package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// attempt is what clients see of a request to a receiver.
type attempt struct {
	Number      int
	Worker      string
	At          time.Time
	Seconds     float64
	Delivered   bool
	Status      *int
	Kind, Error *string
	Response    string
}

// delivery is what clients see of one.
type delivery struct {
	ID         int64
	EndpointID string `json:"endpoint_id"`
	EventID    string `json:"event_id"`
	EventType  string `json:"event_type"`
	ImportID   *string
	Number     *int64
	Lane       string
	State      string
	Attempts   int
	NotBefore  *time.Time `json:"not_before"`
	FinishedAt *time.Time `json:"finished_at"`
	LastStatus *int       `json:"last_status"`
	LastKind   *string    `json:"last_kind"`
	Event      json.RawMessage
	Log        []attempt
}

type deliveries struct {
	Count          *int
	Next, Previous *string
	Results        []delivery
}

func TestTestWebhook(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	r := newReceiver(t)
	v := f.create(`{"callback_url":"` + r.url +
		`","token":"t0ken","headers":{"X-Shop":"seven"},"is_active":false,"events":["import.failed"]}`)
	w := f.call("POST", "/webhooks/"+v.ID+"/test/", "")
	require.Equal(t, 200, w.Code, w.Body.String())
	a := decode[attempt](t, w)
	require.True(t, a.Delivered)
	require.Equal(t, 204, *a.Status)
	require.Positive(t, a.Seconds)
	require.WithinDuration(t, time.Now(), a.At, time.Minute)
	require.Nil(t, a.Kind)
	require.Nil(t, a.Error)
	d := r.next(v.Secret)
	require.Equal(t, "Bearer t0ken", d.header.Get("Authorization"))
	require.Equal(t, "seven", d.header.Get("X-Shop"))
	require.Equal(t, "webhook.test", d.header.Get("Webhook-Event"))
	require.Contains(t, string(d.body), `"data":{"endpoint_id":"`+v.ID+`"}`)

	r.status.Store(503)
	a = decode[attempt](t, f.call("POST", "/webhooks/"+v.ID+"/test", ""))
	require.False(t, a.Delivered)
	require.Equal(t, 503, *a.Status)
	require.Equal(t, "status", *a.Kind)
	require.Equal(t, "said <so>", a.Response)
	require.Zero(t, f.get(v.ID).fields["failures"], "a test is not held against it")

	strict := newHookFixture(t, webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true, AllowAnyPort: true}})
	e, err := strict.hooks.CreateEndpoint(t.Context(), webhooks.Endpoint{URL: r.url, Events: []string{"*"},
		Concurrency: 1, Timeout: time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}})
	require.NoError(t, err)
	a = decode[attempt](t, strict.call("POST", "/webhooks/"+e.ID+"/test", ""))
	require.False(t, a.Delivered)
	require.Nil(t, a.Status)
	require.Equal(t, "ssrf", *a.Kind)
	require.Equal(t, "the address is not allowed", *a.Error, "it isn't said where a name leads to")

	problem(t, f.call("POST", "/webhooks/ep_"+strings.Repeat("0", 32)+"/test", ""), 404)
	problem(t, f.call("POST", "/webhooks/x/test", ""), 404)
	problem(t, f.call("GET", "/webhooks/"+v.ID+"/test", ""), 405)
}

func TestSwitchWebhook(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	one := "/webhooks/" + f.create(`{"callback_url":"https://shop.example/"}`).ID
	put := func(method, path, body string) hookView {
		w := f.call(method, path, body)
		require.Equal(t, 200, w.Code, w.Body.String())
		return decode[hookView](t, w)
	}
	pending := func() (states []string) {
		for _, d := range decode[deliveries](t, f.call("GET", one+"/deliveries", "")).Results {
			states = append(states, d.State)
		}
		return states
	}
	event := webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)}
	f.append(event)
	v := put("POST", one+"/pause", "")
	require.Equal(t, "paused", v.State)
	require.True(t, v.IsActive, "events are delivered, later")
	require.EqualValues(t, 2, v.Version)
	require.EqualValues(t, 2, put("POST", one+"/pause", "").Version, "it is paused already")
	f.append(event)
	require.Equal(t, []string{"pending", "pending"}, pending())
	require.Equal(t, "paused", put("PATCH", one, `{"is_active":true}`).State, "which it is")
	require.Equal(t, "active", put("POST", one+"/resume/", "").State)

	v = put("PATCH", one, `{"is_active":false}`)
	require.Equal(t, "inactive", v.State)
	require.False(t, v.IsActive)
	f.append(event)
	require.Equal(t, []string{"skipped", "skipped"}, pending(), "nothing is recorded for it")
	require.Equal(t, "webhook_off", problem(t, f.call("POST", one+"/pause", ""), 409).Code)
	require.Equal(t, "active", put("PATCH", one, `{"is_active":true}`).State)

	id := v.ID
	_, err := f.hooks.UpdateEndpoint(t.Context(), id, 0, func(e *webhooks.Endpoint) error {
		e.State, e.DisabledReason = webhooks.Disabled, "gone"
		return nil
	})
	require.NoError(t, err)
	v = f.get(id)
	require.False(t, v.IsActive)
	require.Equal(t, "gone", v.fields["disabled_reason"])
	text := f.call("GET", one, "").Body.String()
	require.Equal(t, "disabled", put("PUT", one, text).State, "a client can send back what it got")
	v = put("POST", one+"/resume", "")
	require.Equal(t, "active", v.State)
	require.Nil(t, v.fields["disabled_reason"])
}

// waiting makes a delivery of an event whose next attempt is a day away, and returns its ID.
func (f *hookFixture) waiting() int64 {
	f.t.Helper()
	f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)})
	claims, err := f.hooks.Claim(f.t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})
	require.NoError(f.t, err)
	require.Len(f.t, claims, 1)
	id := claims[0].Work[0].Delivery.ID
	n, err := f.hooks.Finish(f.t.Context(), []webhooks.Result{{ClaimID: claims[0].ID, DeliveryID: id,
		State: webhooks.Pending, Delay: 24 * time.Hour, Attempt: &webhooks.Attempt{Number: 1, Worker: "w", At: time.Now(),
			Status: 503, Failure: webhooks.FailureStatus, Error: "status 503"}}})
	require.NoError(f.t, err)
	require.Equal(f.t, 1, n)
	return id
}

// TestRetriesAreBroughtForward has deliveries that wait for their next attempt, which a resume and a replay make at once.
func TestRetriesAreBroughtForward(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	v := f.create(`{"callback_url":"https://shop.example/"}`)
	due := func(id int64) bool {
		record, err := f.hooks.Delivery(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, webhooks.Pending, record.Delivery.State)
		require.Equal(t, webhooks.Urgent, record.Delivery.Lane, "what waits stays before what is replayed")
		return time.Until(record.Delivery.NotBefore) < time.Hour
	}
	resume, replay := "/webhooks/"+v.ID+"/resume", "/webhooks/"+v.ID+"/replay"
	resumed := func() hookView {
		w := f.call("POST", resume, "")
		require.Equal(t, 200, w.Code, w.Body.String())
		require.NotEmpty(t, w.Header().Get("ETag"))
		return decode[hookView](t, w)
	}
	require.EqualValues(t, 0, resumed().fields["resumed"])
	id := f.waiting()
	require.False(t, due(id))
	problem(t, f.call("POST", resume, "", `If-Match: "99"`), 412)
	require.False(t, due(id))
	again := resumed()
	require.EqualValues(t, 1, again.fields["resumed"])
	require.True(t, due(id))
	require.NotContains(t, f.get(v.ID).fields, "resumed", "that is the answer of a resume alone")
	text, err := json.Marshal(again.fields)
	require.NoError(t, err)
	require.Equal(t, 200, f.call("PUT", "/webhooks/"+v.ID, string(text)).Code, "a client can send back what it got")

	for _, states := range []string{`null`, `["pending"]`, `["failed","pending"]`} {
		_, err := f.hooks.Resend(t.Context(), id)
		require.NoError(t, err)
		claims, err := f.hooks.Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 9, Bulk: 9, Depth: 9})
		require.NoError(t, err)
		for _, claim := range claims {
			for _, work := range claim.Work {
				_, err = f.hooks.Finish(t.Context(), []webhooks.Result{{ClaimID: claim.ID, DeliveryID: work.Delivery.ID,
					State: webhooks.Delivered, Attempt: &webhooks.Attempt{At: time.Now(), Status: 200}}})
				require.NoError(t, err)
			}
		}
		id = f.waiting()
		w := f.call("POST", replay, `{"since":"2026-01-01T00:00:00Z","states":`+states+`}`)
		require.Equal(t, 202, w.Code, w.Body.String())
		require.JSONEq(t, `{"replayed":1}`, w.Body.String(), states)
		require.True(t, due(id))
	}
}

// TestHostileTest tests an endpoint that changes the protocol, and says nothing then.
func TestHostileTest(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	ended := make(chan struct{})
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	defer r.Close()
	v := f.create(`{"callback_url":"` + r.URL + `","timeout":30}`)
	began := time.Now()
	a := decode[attempt](t, f.call("POST", "/webhooks/"+v.ID+"/test", ""))
	require.Less(t, time.Since(began), 25*time.Second)
	require.False(t, a.Delivered)
	require.Equal(t, 101, *a.Status)
	require.Equal(t, "protocol", *a.Kind)
	<-ended
}

// TestLogTellsNothing looks for what names lead to in the test of an endpoint, and in the log of a delivery.
func TestLogTellsNothing(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Transport: deadEnd{}, Policy: openPolicy})
	v := f.create(`{"callback_url":"https://shop.example/"}`)
	tested := f.call("POST", "/webhooks/"+v.ID+"/test", "")
	require.Equal(t, "dns", *decode[attempt](t, tested).Kind)
	f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)})
	f.deliver(t)
	var log *httptest.ResponseRecorder
	require.Eventually(t, func() bool {
		all := decode[deliveries](t, f.call("GET", "/webhooks/"+v.ID+"/deliveries", "")).Results
		log = f.call("GET", fmt.Sprintf("/webhooks/deliveries/%d/attempts", all[0].ID), "")
		return all[0].Attempts == 1
	}, 20*time.Second, 5*time.Millisecond)
	for _, shown := range []string{tested.Body.String(), log.Body.String()} {
		require.Contains(t, shown, "the host's name doesn't resolve")
		require.NotContains(t, shown, "internal")
		require.NotContains(t, shown, "10.0.0.2")
	}
}

// deadEnd is a transport that knows no host, and says who it asked.
type deadEnd struct{}

func (deadEnd) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "db.internal",
		Server: "10.0.0.2:53", IsNotFound: true}}
}

func TestRotateSecret(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	r := newReceiver(t)
	v := f.create(`{"callback_url":"` + r.url + `"}`)
	rotate := "/webhooks/" + v.ID + "/rotate"
	w := f.call("POST", rotate, "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	next := decode[hookView](t, w)
	require.NotEqual(t, v.Secret, next.Secret)
	require.EqualValues(t, 2, next.Version)
	require.Len(t, next.fields["secrets"], 2)
	require.Equal(t, 200, f.call("POST", "/webhooks/"+v.ID+"/test", "").Code)
	d := r.next(next.Secret)
	d.verify(t, v.Secret) // during the grace

	own := secretOf(64)
	require.Equal(t, own, decode[hookView](t, f.call("POST", rotate, `{"secret":"`+own+`","grace":0}`)).Secret)
	require.Equal(t, 200, f.call("POST", "/webhooks/"+v.ID+"/test", "").Code)
	d = r.next(own)
	require.Len(t, strings.Fields(d.header.Get("Webhook-Signature")), 2,
		"the first one is in its day of grace still, the second had none")

	until := decode[hookView](t,
		f.call("POST", rotate, `{"grace":90.5}`)).fields["secrets"].([]any)[1].(map[string]any)["until"].(string)
	at, err := time.Parse(time.RFC3339, until)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(90*time.Second), at, 30*time.Second)

	for _, test := range []struct{ body, field string }{
		{`{"grace":-1}`, "grace"}, {`{"grace":604801}`, "grace"}, {`{"grace":"1h"}`, "grace"},
		{`{"secret":"short"}`, "secret"}, {`{"secret":"` + secretOf(23) + `"}`, "secret"},
		{`{"token":"x"}`, "token"},
	} {
		p := problem(t, f.call("POST", rotate, test.body), 422)
		require.Equal(t, test.field, p.Errors[0].Field)
	}
	problem(t, f.call("POST", rotate, `[]`), 400)
	require.Equal(t, 200, f.call("POST", rotate, `{"grace":null}`).Code, "which stands for a day")
	require.EqualValues(t, 5, f.get(v.ID).Version, "what is refused changes nothing")
	problem(t, f.call("POST", "/webhooks/ep_"+strings.Repeat("0", 32)+"/rotate", ""), 404)
}

func TestDeliveries(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	r := newReceiver(t)
	r.status.Store(500)
	v := f.create(`{"callback_url":"` + r.url + `"}`)
	other := f.create(`{"callback_url":"` + r.url + `","events":["import.failed"]}`)
	list := func(query string) deliveries {
		w := f.call("GET", "/webhooks/"+v.ID+"/deliveries"+query, "")
		require.Equal(t, 200, w.Code, w.Body.String())
		return decode[deliveries](t, w)
	}
	d := f.deliver(t)
	event := f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{"products":[{"name":"<lamp>"}]}`)})[0]
	first := r.next(v.Secret)
	require.Eventually(t, func() bool { return list("").Results[0].Attempts == 1 }, 20*time.Second, time.Millisecond)
	one := list("").Results[0]
	require.Equal(t, "pending", one.State)
	require.Equal(t, event.ID, one.EventID)
	require.Equal(t, v.ID, one.EndpointID)
	require.Equal(t, "urgent", one.Lane)
	require.Equal(t, 500, *one.LastStatus)
	require.Equal(t, "status", *one.LastKind)
	require.NotNil(t, one.NotBefore)
	require.Nil(t, one.FinishedAt)
	require.Nil(t, one.ImportID)

	r.status.Store(200)
	w := f.call("POST", fmt.Sprintf("/webhooks/deliveries/%d/resend", one.ID), "")
	require.Equal(t, 202, w.Code, w.Body.String())
	where := w.Header().Get("Location")
	require.Equal(t, fmt.Sprintf("/webhooks/deliveries/%d/attempts", one.ID), where)
	again := r.next(v.Secret)
	require.Equal(t, first.header.Get("Webhook-Id"), again.header.Get("Webhook-Id"))
	require.Equal(t, "2", again.header.Get("Webhook-Attempt"))
	require.Equal(t, string(first.body), string(again.body))
	require.Eventually(t, func() bool {
		return list("?state=delivered").Results != nil && len(list("?state=delivered").Results) == 1
	}, 20*time.Second, time.Millisecond)
	w = f.call("GET", where, "")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "<lamp>", "no escapes that are for HTML")
	record := decode[delivery](t, w)
	require.Equal(t, string(first.body), string(record.Event), "the event is what was sent")
	require.Equal(t, "delivered", record.State)
	require.Nil(t, record.NotBefore)
	require.NotNil(t, record.FinishedAt)
	require.Nil(t, record.LastKind)
	require.Len(t, record.Log, 2)
	require.Equal(t, "said <so>", record.Log[0].Response)
	require.False(t, record.Log[0].Delivered)
	require.Equal(t, 500, *record.Log[0].Status)
	require.Equal(t, 2, record.Log[1].Number)
	require.True(t, record.Log[1].Delivered)
	require.Equal(t, d.Name(), record.Log[1].Worker)

	const imported = "01900000-0000-7000-8000-000000000007"
	for range 4 {
		f.append(webhooks.Event{Type: webhooks.ProductUpdated, ImportID: imported, Lane: webhooks.Bulk,
			Data: []byte(`{}`)})
		r.next(v.Secret)
	}
	require.Eventually(t, func() bool { return len(list("?state=delivered").Results) == 5 }, 20*time.Second,
		time.Millisecond)
	for query, n := range map[string]int{
		"": 5, "?state=PENDING": 0, "?state=failed&state=delivered": 5, "?event_type=product.updated": 4,
		"?event_type=product.deleted": 0,
		"?event_id=" + event.ID:       1, "?event_id=evt_" + strings.Repeat("0", 32): 0, "?import_id=" + imported: 4,
		"?import_id=x": 0, "?limit=1": 1, "?limit=500": 5,
		fmt.Sprintf("?before=%d", one.ID): 0, fmt.Sprintf("?before=%d", one.ID+1): 1,
	} {
		require.Len(t, list(query).Results, n, query)
	}
	numbers := list("?import_id=" + imported).Results
	require.EqualValues(t, 4, *numbers[0].Number, "the newest first")
	require.Equal(t, "bulk", numbers[0].Lane)

	var seen []int64
	for query := "?limit=2&state=delivered"; query != ""; {
		page := list(query)
		require.Nil(t, page.Count)
		require.Nil(t, page.Previous)
		for _, d := range page.Results {
			seen = append(seen, d.ID)
		}
		query = ""
		if page.Next != nil {
			query = strings.TrimPrefix(*page.Next, "/webhooks/"+v.ID+"/deliveries")
		}
	}
	require.Len(t, seen, 5)
	require.IsDecreasing(t, seen)

	replay := "/webhooks/" + v.ID + "/replay"
	since := event.Time.Format(time.RFC3339Nano)
	require.JSONEq(t, `{"replayed":0}`, f.call("POST", replay, `{"since":"`+since+`"}`).Body.String(),
		"only what failed or was skipped")
	w = f.call("POST", replay, `{"since":"`+since+`","states":["delivered"]}`)
	require.Equal(t, 202, w.Code)
	require.JSONEq(t, `{"replayed":5}`, w.Body.String())
	for range 5 {
		r.next(v.Secret)
	}
	require.JSONEq(t, `{"replayed":0}`, f.call("POST", "/webhooks/"+other.ID+"/replay", `{"since":"`+since+
		`","states":null}`).Body.String())
	require.Equal(t, 200, f.call("PATCH", "/webhooks/"+v.ID, `{"is_active":false}`).Code)
	problem(t, f.call("POST", replay, `{"since":"`+since+`"}`), 409)
	problem(t, f.call("POST", fmt.Sprintf("/webhooks/deliveries/%d/resend", one.ID), ""), 409)
	require.Equal(t, 204, f.call("DELETE", "/webhooks/"+v.ID, "").Code)
	problem(t, f.call("GET", where, ""), 404)
	problem(t, f.call("GET", "/webhooks/"+v.ID+"/deliveries", ""), 404)
}

func TestBadDeliveryRequests(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	one := "/webhooks/" + f.create(`{"callback_url":"https://shop.example/"}`).ID
	for _, test := range []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"GET", one + "/deliveries?limit=0", "", 400, "limit"}, {"GET", one + "/deliveries?limit=501", "", 400,
			"limit"},
		{"GET", one + "/deliveries?before=0", "", 400, "before"}, {"GET", one + "/deliveries?before=x", "", 400,
			"before"},
		{"GET", one + "/deliveries?before=9223372036854775808", "", 400, "before"},
		{"GET", one + "/deliveries?offset=1", "", 400, "offset"},
		{"GET", one + "/deliveries?state=gone", "", 400, "state"}, {"GET", one + "/deliveries?event_type=order.created",
			"", 400, "event_type"},
		{"GET", one + "/deliveries?event_id=7", "", 400, "event_id"},
		{"GET", "/webhooks/x/deliveries", "", 404, ""}, {"GET", "/webhooks/ep_" + strings.Repeat("f", 32) +
			"/deliveries", "", 404, ""},
		{"GET", "/webhooks/deliveries/0/attempts", "", 404, ""}, {"GET", "/webhooks/deliveries/7/attempts", "", 404,
			""}, {"GET", "/webhooks/deliveries/x/attempts", "", 404, ""},
		{"POST", "/webhooks/deliveries/7/resend", "", 404, ""}, {"POST", "/webhooks/deliveries/-1/resend", "", 404, ""},
		{"GET", "/webhooks/deliveries/7/resend", "", 405, ""},
		{"POST", one + "/replay", "", 400, ""}, {"POST", one + "/replay", `{}`, 422, "since"},
		{"POST", one + "/replay", `{"since":null}`, 422, "since"},
		{"POST", one + "/replay", `{"since":"yesterday"}`, 422, "since"}, {"POST", one + "/replay", `{"since":1}`, 422,
			"since"},
		{"POST", one + "/replay", `{"since":"2026-01-01T00:00:00Z","states":["gone"]}`, 422, "states"},
		{"POST", one + "/replay", `{"since":"2026-01-01T00:00:00Z","states":"failed"}`, 422, "states"},
		{"POST", "/webhooks/ep_" + strings.Repeat("f", 32) + "/replay", `{"since":"2026-01-01T00:00:00Z"}`, 404, ""},
	} {
		p := problem(t, f.call(test.method, test.path, test.body), test.status)
		if test.field == "" {
			require.Empty(t, p.Errors, test.path)
			continue
		}
		require.Equal(t, test.field, p.Errors[0].Field, "%s %s", test.path, test.body)
	}
}

func TestEventsThatAreNoJSON(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	v := f.create(`{"callback_url":"https://shop.example/"}`)
	f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{no}`)})
	id := decode[deliveries](t, f.call("GET", "/webhooks/"+v.ID+"/deliveries", "")).Results[0].ID
	record := decode[delivery](t, f.call("GET", fmt.Sprintf("/webhooks/deliveries/%d/attempts", id), ""))
	require.Contains(t, string(record.Event), `{no}`, "they are shown as they are")
}

func TestWebhooksWantALogIn(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	v := f.create(`{"callback_url":"https://shop.example/"}`)
	for _, path := range httpapi.Routes(f.api) {
		if !strings.HasPrefix(path, "/webhooks/") {
			continue
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			r := request(method, strings.ReplaceAll(path, "{id}", v.ID), `{}`)
			r.Header.Del("Authorization")
			problem(t, f.send(r), 401)
		}
	}
	problem(t, f.call("POST", "/webhooks/"+v.ID+"/rotate", "", "Origin: https://evil.example"), 403)
	require.EqualValues(t, 1, f.get(v.ID).Version)
}
