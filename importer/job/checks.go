package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

const (
	// checksFrom is Runner.checksFrom: checking a smaller file again takes a second or two.
	checksFrom = 128 << 20
	// checksMost is how long what is kept may be: it is held in memory.
	checksMost = 16 << 20
	// checksPrefix begins the keys.
	checksPrefix = "checked-"
	// placesEvery is how many batches apart the places are at least: so many are read again in a fraction of a second.
	placesEvery = 16
	// placesTried is how many of them are looked for: some may be missing, and those in a file with variants, which are
	// larger, are farther apart.
	placesTried = 16
	// placesKept is how many are kept at a time. Batches that are written side by side aren't committed in their order,
	// but few of them are in hand.
	placesKept = 3
)

// checks keep what the check of a large file found, so that neither the next attempt of its job checks it again nor the
// job that commits what a dry run showed. Beside it are places in the file, told while it was written, so that the
// next attempt needn't read again what is committed. They are among the uploads, as reports are: no job has them, so
// Prune removes them once they are old. Their keys stand for all that decides what a check finds: so it doesn't matter
// which worker kept one, nor whether that one had lost its lease.
type checks struct {
	uploads Uploads
	key     string // empty where nothing is kept
}

// checks returns those of the job.
func (r *Runner) checks(job *Job) checks {
	if _, sweeps := r.uploads.(Sweeper); !sweeps || job.Size < r.checksFrom || job.SHA256 == "" {
		return checks{}
	}
	of := struct {
		Build, SHA256 string
		Size          int64
		KeyRule       products.KeyRule
		Settings      Settings
	}{build(), job.SHA256, job.Size, r.products.KeyRule(), job.Settings}
	// A dry run and the import that it was made for find the same.
	of.Settings.DryRun, of.Settings.Changes = false, ""
	text, err := json.Marshal(of)
	if err != nil {
		return checks{}
	}
	sum := sha256.Sum256(text)
	return checks{r.uploads, checksPrefix + hex.EncodeToString(sum[:])}
}

// find returns what is kept, nil for nothing. What can't be read is none: whoever checks the file learns what is wrong.
func (c checks) find(ctx context.Context) *importer.Checked {
	if c.key == "" {
		return nil
	}
	found := new(importer.Checked)
	if kept := c.read(ctx, c.key); kept == nil || found.UnmarshalBinary(kept) != nil {
		return nil
	}
	return found
}

// read returns what is kept under the key, nil for nothing.
func (c checks) read(ctx context.Context, key string) []byte {
	in, err := c.uploads.Open(ctx, key, 0, -1)
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }() // it was only read
	kept, err := io.ReadAll(io.LimitReader(in, checksMost+1))
	if err != nil {
		return nil
	}
	return kept
}

// keeper returns a function that keeps what was found, nil where nothing is kept. What can't be kept is no error.
func (c checks) keeper(ctx context.Context) func(*importer.Checked) error {
	if c.key == "" {
		return nil
	}
	return func(found *importer.Checked) error {
		if kept, err := found.MarshalBinary(); err == nil && len(kept) <= checksMost {
			_, _ = c.uploads.Put(ctx, c.key, bytes.NewReader(kept))
		}
		return nil
	}
}

// placeOf is the line in front of a place that is kept: the piece of the upload that it is in, which another upload
// with the same bytes may have elsewhere.
type placeOf struct {
	File  string // the upload's key
	Piece pieceAt
}

// placeKey is that of the nth place.
func (c checks) placeKey(n int64) string { return c.key + "-" + strconv.FormatInt(n, 10) }

// findPlace returns the last place in the file in front of which all batches are committed, nil where none is kept.
func (c checks) findPlace(ctx context.Context, committed map[int64]importer.Commit, file *source) *importer.Place {
	whole := int64(0)
	for _, done := committed[whole+1]; done; _, done = committed[whole+1] {
		whole++
	}
	last := whole / placesEvery
	for n := last; n > max(0, last-placesTried); n-- {
		var of placeOf
		found := new(importer.Place)
		line, place, _ := bytes.Cut(c.read(ctx, c.placeKey(n)), []byte{'\n'})
		if json.Unmarshal(line, &of) != nil || found.UnmarshalBinary(place) != nil || found.Batch() > whole {
			continue
		}
		if of.File == file.key && of.Piece.Packed > 0 {
			file.know(of.Piece)
		}
		return found
	}
	return nil
}

// placeKeeper returns a function that keeps places in the file, nil where nothing is kept. What can't be kept is no
// error. Of the places before only few are needed any more.
func (c checks) placeKeeper(ctx context.Context, file *source) func(*importer.Place) error {
	if c.key == "" {
		return nil
	}
	last, kept := int64(0), []int64(nil) // the numbers of the last one, and of those that are kept
	return func(found *importer.Place) error {
		n := found.Batch() / placesEvery
		if n == last {
			return nil
		}
		last = n
		line, err := json.Marshal(placeOf{file.key, file.pieceOf(found.Offset())})
		if err != nil {
			return nil
		}
		place, err := found.MarshalBinary()
		if err != nil || len(line)+len(place) > checksMost {
			return nil
		}
		if _, err := c.uploads.Put(ctx, c.placeKey(n), io.MultiReader(bytes.NewReader(append(line, '\n')),
			bytes.NewReader(place))); err != nil {
			return nil
		}
		if kept = append(kept, n); len(kept) > placesKept {
			_ = c.uploads.Delete(ctx, c.placeKey(kept[0])) // else drop does
			kept = kept[1:]
		}
		return nil
	}
}

// drop removes what is kept, once the file is imported in so many batches.
func (c checks) drop(ctx context.Context, batches int64) {
	if c.key == "" {
		return
	}
	_ = c.uploads.Delete(ctx, c.key) // else Prune does
	for n := int64(1); n*placesEvery <= batches; n++ {
		_ = c.uploads.Delete(ctx, c.placeKey(n))
	}
}

// build says which program this is: another one may find something else in the same file.
var build = sync.OnceValue(func() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return ""
	}
	return info.String()
})
