package importer

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/products-importer/products-importer/products"
)

// beginBytes is how much of a file as it came Begin reads at most, and keeps until the file was read.
const beginBytes = 1 << 20

// Beginning is a file whose beginning was read, by [Begin].
type Beginning struct {
	// Refusal is the error, an ErrInput, with which an import with the same options fails; nil where the beginning
	// doesn't show that it does. Other options may mend it: another column for a field, the encoding.
	Refusal error

	kept *bytes.Reader
	rest io.Reader
}

// Read reads the file, from its first byte.
func (b *Beginning) Read(p []byte) (int, error) {
	if b.kept != nil {
		if n, err := b.kept.Read(p); err == nil {
			return n, nil
		}
		b.kept = nil // so that its memory is free
	}
	return b.rest.Read(p)
}

// Begin reads the beginning of a file, at most 1 MiB and usually a quarter of that, and returns the whole file, whose
// beginning it keeps. So somebody who is sent a file knows before it is stored that no import can take it: by the code
// of an import, which decides by the same beginning how it is read and what its columns are.
//
// The error is an [ErrInput] for what no option makes a catalogue: it is empty, no text, or compressed in a way that
// isn't read. Else it is an [*OptionError], one of r, or the context's cause.
func Begin(ctx context.Context, r io.Reader, options CheckOptions) (*Beginning, error) {
	o := options.Options
	o.OnHeader = nil
	source := &beginning{r: contextReader{ctx, r}, most: beginBytes}
	run, err := newRun(source, o, options.Schema)
	if err != nil {
		return nil, err
	}
	b := &Beginning{rest: r}
	b.Refusal, err = run.begin(ctx, options.KeyRule)
	switch {
	case source.err != nil && !errors.Is(source.err, io.EOF):
		err = source.err
	case errors.Is(err, errBeyond):
		err = nil
	}
	if err != nil {
		return nil, err
	}
	b.kept = bytes.NewReader(source.kept)
	return b, nil
}

// begin opens the file and plans. Of the errors the first is one that other options may mend.
func (r *run) begin(ctx context.Context, rule products.KeyRule) (refusal, err error) {
	in, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer in.close()
	if _, err = r.plan(in, rule); err == nil || !errors.Is(err, ErrInput) {
		return nil, err
	}
	return err, nil
}
