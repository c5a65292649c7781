package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// open returns a sound store for the case.
func open(c storetest.Case) *broken {
	return &broken{Store: memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields}).Products()}
}

func TestCasesPassASoundStore(t *testing.T) {
	for _, c := range storetest.Cases() {
		require.NoError(t, c.Check(t.Context(), open(c)), c.Name)
	}
}

// TestRandomCasesPassASoundStore takes other seeds each time. A failure names its own.
func TestRandomCasesPassASoundStore(t *testing.T) {
	for range 100 {
		c := storetest.RandomCase(rand.Uint64())
		require.NoError(t, c.Check(t.Context(), open(c)), c.Name)
	}
}

func TestCaseNames(t *testing.T) {
	var names []string
	for _, c := range storetest.Cases() {
		names = append(names, c.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "every case has a name of its own")
}

// TestCasesFindBrokenStores breaks one promise at a time and wants the case to say which.
func TestCasesFindBrokenStores(t *testing.T) {
	for _, test := range slices.Concat(brokenSingles, brokenLists, brokenBatches, brokenCommits, brokenSizes,
		brokenFields, differenceWholeFaults, revertFaults, keyReaderFaults) {
		t.Run(test.name, func(t *testing.T) {
			at := slices.IndexFunc(storetest.Cases(), func(c storetest.Case) bool { return c.Name == test.found })
			require.GreaterOrEqual(t, at, 0, "there is a case %q", test.found)
			c := storetest.Cases()[at]
			s := open(c)
			test.spoil(s)
			err := c.Check(t.Context(), s)
			require.Error(t, err, "the case finds the broken store")
			require.ErrorContains(t, err, test.says, "the failure says which promise broke")
		})
	}
}

// fault is a way to break a store, the case that finds it, and what the failure says.
type fault struct {
	name  string
	spoil func(s *broken)
	found string
	says  string
}

var brokenSingles = []fault{
	{"loses the description", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			p.Description = ""
			return s.Store.Create(ctx, p)
		}
	}, "create/stores every field", "as stored"},
	{"shares its maps", func(s *broken) {
		kept := map[int64]products.Product{}
		s.get = func(ctx context.Context, id int64) (products.Product, error) {
			if p, ok := kept[id]; ok {
				return p, nil
			}
			p, err := s.Store.Get(ctx, id)
			kept[id] = p
			return p, err
		}
	}, "create/products belong to the caller", "doesn't change the store"},
	{"returns the SKU as sent", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			stored.SKU = p.SKU
			return stored, err
		}
	}, "create/trims the SKU", "without white space"},
	{"takes a SKU twice", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			if errors.Is(err, products.ErrExists) {
				return s.list1(ctx, p.SKU), nil
			}
			return stored, err
		}
	}, "create/a SKU is taken once", "ErrExists"},
	{"tells of a bad product without its fields", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			if errors.Is(err, products.ErrInvalid) {
				err = products.ErrInvalid
			}
			return stored, err
		}
	}, "create/refuses what is invalid", "*ValidationError"},
	{"returns nil attributes", func(s *broken) {
		s.get = func(ctx context.Context, id int64) (products.Product, error) {
			p, err := s.Store.Get(ctx, id)
			if len(p.Attributes) == 0 {
				p.Attributes = nil
			}
			return p, err
		}
	}, "create/attributes and fields are never nil", "empty map rather than nil"},
	{"finds nothing without an error", func(s *broken) {
		s.get = func(ctx context.Context, id int64) (products.Product, error) {
			p, err := s.Store.Get(ctx, id)
			if errors.Is(err, products.ErrNotFound) {
				err = nil
			}
			return p, err
		}
	}, "get/not found", "ErrNotFound"},
	{"keeps the version", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			p, err := s.Store.Update(ctx, id, 0, patch)
			p.Version = 1
			return p, err
		}
	}, "update/versions and times", "grows by one"},
	{"ignores the version in an update", func(s *broken) {
		s.update = func(ctx context.Context, id, _ int64, patch products.Patch) (products.Product, error) {
			return s.Store.Update(ctx, id, 0, patch)
		}
	}, "update/another version", "ErrVersion"},
	{"ignores the version in a delete", func(s *broken) {
		s.remove = func(ctx context.Context, id, _ int64) error { return s.Store.Delete(ctx, id, 0) }
	}, "delete/another version", "ErrVersion"},
	{"writes a patch that changes nothing", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			p, err := s.Store.Get(ctx, id)
			if err == nil {
				_, err = s.Store.Update(ctx, id, version, products.Patch{Description: ptr(p.Description + "x")})
			}
			if err == nil {
				p, err = s.Store.Update(ctx, id, 0, products.Patch{Description: &p.Description})
			}
			return p, err
		}
	}, "update/nothing to change", "writes nothing"},
	{"replaces the attributes", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			patch.ReplaceAttributes = true
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "update/changes the fields of the patch alone", "merges attributes"},
	{"deletes twice", func(s *broken) {
		s.remove = func(ctx context.Context, id, version int64) error {
			if err := s.Store.Delete(ctx, id, version); !errors.Is(err, products.ErrNotFound) {
				return err
			}
			return nil
		}
	}, "delete/removes one product", "ErrNotFound"},
	{"doesn't count what it removes", func(s *broken) {
		s.deleteAll = func(ctx context.Context) (int64, error) {
			_, err := s.Store.DeleteAll(ctx)
			return 0, err
		}
	}, "delete/all", "counts what it removes"},
	{"says another key rule", func(s *broken) {
		s.keyRule = func() products.KeyRule { return products.FoldedKeys }
	}, "keys/exact", "KeyRule"},
	{"doesn't fold keys", func(s *broken) {
		s.Store = open(storetest.Case{}).Store
		s.keyRule = func() products.KeyRule { return products.FoldedKeys }
	}, "keys/folded", "ignore case"},
	{"cuts text at a backslash", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			p.Description = strings.ReplaceAll(p.Description, `\N`, "")
			return s.Store.Create(ctx, p)
		}
	}, "text/comes back as it went in, one by one", `\\N`},
	{"loses tabs in batches", func(s *broken) {
		s.editField("description", func(text string) string { return strings.ReplaceAll(text, "\t", " ") })
	}, "text/comes back as it went in, by batches", "comes back as it went in"},
	{"cuts what is long", func(s *broken) {
		s.editField("description", func(text string) string { return text[:min(len(text), 1<<15)] })
	}, "text/as long as it may be", "longest text"},
}

// list1 returns the product with the SKU.
func (b *broken) list1(ctx context.Context, sku string) products.Product {
	page, err := b.Store.List(ctx, products.Query{SKU: sku})
	if err != nil || len(page.Products) != 1 {
		panic(fmt.Sprint("the sound store has no ", sku))
	}
	return page.Products[0]
}

func ptr[V any](v V) *V { return &v }
