package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"iter"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// pieceBytes is about how much of the products is held at a time.
const pieceBytes = 4 << 20

// content is what a database has, as far as it is copied.
type content struct {
	products, endpoints, profiles, tokens int64
	sum                                   hash.Hash // over all of it
}

func newContent() content { return content{sum: sha256.New()} }

func (c *content) checksum() string { return hex.EncodeToString(c.sum.Sum(nil)) }

func (c *content) addProduct(p *products.Product) error {
	c.products++
	return json.NewEncoder(c.sum).Encode(p)
}

func (c *content) addEndpoint(e webhooks.Endpoint) error {
	c.endpoints++
	// Secrets hide in JSON.
	secrets, err := driver.PackCredentials(&e.Credentials, nil, e.ID)
	if err != nil {
		return err
	}
	e.Credentials = webhooks.Credentials{}
	return json.NewEncoder(c.sum).Encode(struct {
		Endpoint webhooks.Endpoint
		Secrets  []byte
	}{e, secrets})
}

func (c *content) addProfile(p job.Profile) error {
	c.profiles++
	return json.NewEncoder(c.sum).Encode(p)
}

// addTokens adds the tokens of programs, and calls each with every one of them.
func (c *content) addTokens(ctx context.Context, of basicauth.TokenStore,
	each func(name string, hash []byte, role string, created time.Time) error) error {
	return of.EachToken(ctx, func(name string, hash []byte, role string, created time.Time) error {
		c.tokens++
		if err := json.NewEncoder(c.sum).Encode([]any{name, hash, role, created.UTC()}); err != nil {
			return err
		}
		return each(name, hash, role, created)
	})
}

// copyContent copies what the file has, and commits it if the database then has the same. The context belongs to a
// transaction of the file.
func copyContent(ctx context.Context, from *sqlite.DB, to *postgres.DB) (copied content, err error) {
	err = to.InTx(ctx, func(ctx context.Context) error { // perhaps again from the top
		copied = newContent()
		_, before, err := to.Webhooks().ListEndpoints(ctx, 1, 0)
		if err != nil {
			return err
		}
		if before > 0 {
			return fmt.Errorf("the database has endpoints of webhooks already: %d: a copy wants a new one", before)
		}
		kept, err := to.Jobs().ListProfiles(ctx)
		if err != nil {
			return err
		}
		if len(kept) > 0 {
			return fmt.Errorf("the database has profiles already: %d: a copy wants a new one", len(kept))
		}
		if _, err := to.Products().Restore(ctx, noted(allProducts(ctx, from.Products()), &copied)); err != nil {
			return err
		}
		for e, err := range allEndpoints(ctx, from.Webhooks()) {
			if err := errors.Join(err, copied.addEndpoint(e)); err != nil {
				return err
			}
			if err := to.Webhooks().RestoreEndpoint(ctx, e); err != nil {
				return err
			}
		}
		profiles, err := from.Jobs().ListProfiles(ctx)
		if err != nil {
			return err
		}
		for _, p := range profiles {
			if err := errors.Join(copied.addProfile(p), to.Jobs().RestoreProfile(ctx, p)); err != nil {
				return err
			}
		}
		if err := copied.addTokens(ctx, from.Tokens(), func(name string, hash []byte, role string, at time.Time) error {
			added, err := to.Tokens().AddToken(ctx, name, hash, role, at)
			if err == nil && !added {
				err = fmt.Errorf("the database has a token %s already: a copy wants a new one", name)
			}
			return err
		}); err != nil {
			return err
		}
		return compare(ctx, to, &copied)
	})
	return copied, err
}

// noted are the products, each of which is added to the content too.
func noted(all iter.Seq2[products.Product, error], to *content) iter.Seq2[products.Product, error] {
	return func(yield func(products.Product, error) bool) {
		for p, err := range all {
			if err == nil {
				err = to.addProduct(&p)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// compare reads back what was written, and returns an error where it isn't what was meant to be.
func compare(ctx context.Context, written *postgres.DB, want *content) error {
	got := newContent()
	for p, err := range allProducts(ctx, written.Products()) {
		if err := errors.Join(err, got.addProduct(&p)); err != nil {
			return err
		}
	}
	for e, err := range allEndpoints(ctx, written.Webhooks()) {
		if err := errors.Join(err, got.addEndpoint(e)); err != nil {
			return err
		}
	}
	profiles, err := written.Jobs().ListProfiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if err := got.addProfile(p); err != nil {
			return err
		}
	}
	if err := got.addTokens(ctx, written.Tokens(), func(string, []byte, string, time.Time) error {
		return nil
	}); err != nil {
		return err
	}
	if got.products != want.products || got.endpoints != want.endpoints || got.profiles != want.profiles ||
		got.tokens != want.tokens || got.checksum() != want.checksum() {
		return fmt.Errorf("what PostgreSQL gives back isn't what was written, and nothing is kept: products %d of %d, "+
			"endpoints %d of %d, profiles %d of %d, tokens %d of %d, checksum %s instead of %s", got.products,
			want.products, got.endpoints, want.endpoints, got.profiles, want.profiles, got.tokens, want.tokens,
			got.checksum(), want.checksum())
	}
	return nil
}

// allProducts reads the products, by ID.
func allProducts(ctx context.Context, store products.Reader) iter.Seq2[products.Product, error] {
	return func(yield func(products.Product, error) bool) {
		query := products.Query{Limit: products.MaxLimit, MaxBytes: pieceBytes, SkipCount: true}
		for {
			page, err := store.List(ctx, query)
			if err != nil {
				yield(products.Product{}, err)
				return
			}
			for _, p := range page.Products {
				if !yield(p, nil) {
					return
				}
			}
			if query.Cursor = page.Next; query.Cursor == "" {
				return
			}
		}
	}
}

// allEndpoints reads the endpoints, the oldest first.
func allEndpoints(ctx context.Context, store webhooks.Endpoints) iter.Seq2[webhooks.Endpoint, error] {
	return func(yield func(webhooks.Endpoint, error) bool) {
		const piece = 100
		for offset := 0; ; offset += piece {
			page, count, err := store.ListEndpoints(ctx, piece, offset)
			if err != nil {
				yield(webhooks.Endpoint{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if int64(offset+piece) >= count {
				return
			}
		}
	}
}
