package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// editQuery breaks lists by changing the query first.
func (b *broken) editQuery(change func(q *products.Query)) {
	b.list = func(ctx context.Context, q products.Query) (products.Page, error) {
		change(&q)
		return b.Store.List(ctx, q)
	}
}

// editPage breaks the pages of lists.
func (b *broken) editPage(change func(q products.Query, page *products.Page)) {
	b.list = func(ctx context.Context, q products.Query) (products.Page, error) {
		page, err := b.Store.List(ctx, q)
		if err == nil {
			change(q, &page)
		}
		return page, err
	}
}

var brokenLists = []fault{
	{"lists nil", func(s *broken) {
		s.editPage(func(_ products.Query, page *products.Page) {
			if len(page.Products) == 0 {
				page.Products = nil
			}
		})
	}, "list/empty", "no nil"},
	{"forgets a filter", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.Status = nil })
	}, "list/filters", "a status of"},
	{"takes % for a wildcard", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.Search = strings.Trim(q.Search, "%") })
	}, "list/search", "wildcards"},
	{"takes _ for a wildcard", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.Search = strings.ReplaceAll(q.Search, "pl_in", "plain") })
	}, "list/search", "wildcards"},
	{"minds the case of letters that aren't ASCII", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if strings.Contains(q.Search, "é") {
				*page = products.Page{Products: []products.Product{}}
			}
		})
	}, "list/search", "the case of every letter"},
	{"cuts long filters", func(s *broken) {
		s.editQuery(func(q *products.Query) {
			if text := []rune(q.Search); len(text) > products.MaxName {
				q.Search = string(text[:products.MaxName])
			}
		})
	}, "list/filters longer than a field", "matches nothing"},
	{"counts a filter's bytes", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if len(q.Name) > products.MaxName || len(q.SKU) > products.MaxSKU {
				*page = q.NoMatch()
			}
		})
	}, "list/filters longer than a field", "more bytes"},
	{"counts the characters of a SKU, not of its key", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if len([]rune(q.SKU)) > products.MaxSKU {
				*page = q.NoMatch()
			}
		})
	}, "list/filters longer than a field", "spelling"},
	{"takes any limit", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.Limit = min(q.Limit, products.MaxLimit) })
	}, "list/bad queries", "ErrQuery"},
	{"takes any cursor", func(s *broken) {
		s.editQuery(func(q *products.Query) {
			if _, _, _, err := q.Check(s.Schema()); err != nil {
				q.Cursor = ""
			}
		})
	}, "list/bad queries", "ErrQuery"},
	{"orders ties upwards always", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if q.Order == "-name" {
				slices.SortStableFunc(page.Products, func(a, b products.Product) int {
					if a.Name == b.Name {
						return int(a.ID - b.ID)
					}
					return strings.Compare(b.Name, a.Name)
				})
			}
		})
	}, "list/every ordering", "ties by ID"},
	{"orders by a collation", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if q.Order == "name" {
				slices.SortStableFunc(page.Products, func(a, b products.Product) int {
					return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
				})
			}
		})
	}, "list/every ordering", "byte by byte"},
	{"counts the page", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if !q.SkipCount {
				page.Count = int64(len(page.Products))
			}
		})
	}, "paging/count", "whatever the limit"},
	{"counts always", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.SkipCount = false })
	}, "paging/count", "SkipCount"},
	{"counts no further than it must", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if q.CountUpTo > 0 && !q.SkipCount {
				page.Count = min(page.Count, int64(q.CountUpTo)+1)
			}
		})
	}, "paging/count", "is exact"},
	{"estimates always", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if q.CountUpTo > 0 && !q.SkipCount {
				page.Count, page.CountEstimated = 100, true
			}
		})
	}, "paging/count", "above CountUpTo"},
	{"has a cursor on the last page", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if n := len(page.Products); n > 0 && page.Next == "" {
				page.Next = products.Ordering{Field: "id"}.Cursor(&page.Products[n-1])
			}
		})
	}, "paging/count", "has no cursor"},
	{"pages by number", func(s *broken) {
		// A cursor that is an offset in truth: what is deleted before it makes it skip.
		at := 0
		s.list = func(ctx context.Context, q products.Query) (products.Page, error) {
			if q.Cursor == "" {
				at = 0
			}
			cursor := q.Cursor
			q.Cursor, q.Offset = "", at
			page, err := s.Store.List(ctx, q)
			if at += len(page.Products); cursor == page.Next {
				page.Next = ""
			}
			return page, err
		}
	}, "paging/cursors hold while others come and go", "no product is left out"},
	{"repeats a product", func(s *broken) {
		var last products.Product
		s.editPage(func(q products.Query, page *products.Page) {
			if q.Cursor != "" {
				page.Products = append([]products.Product{last}, page.Products...)
			}
			if n := len(page.Products); n > 0 {
				last = page.Products[n-1]
			}
		})
	}, "paging/cursors hold while others come and go", "no product is listed twice"},
	{"forgets the filter behind a cursor", func(s *broken) {
		s.editQuery(func(q *products.Query) {
			if q.Cursor != "" {
				q.Search = ""
			}
		})
	}, "paging/cursors keep the filters", "same filters"},
	{"loses an offset", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.Offset = 0 })
	}, "paging/limit and offset", "offset 3"},
}

var brokenBatches = []fault{
	{"counts the last in mode ignore", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if last := map[string]string{}; b.Mode == products.Ignore {
				for i := range b.Records {
					last[b.Records[i].Key] = b.Records[i].Values[0]
				}
				for i := range b.Records {
					b.Records[i].Values[0] = last[b.Records[i].Key]
				}
			}
		})
	}, "duplicates/the first counts in mode ignore", "the first of several"},
	{"counts the first in mode update", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if first := map[string]string{}; b.Mode == products.Update {
				for i := range b.Records {
					if _, has := first[b.Records[i].Key]; !has {
						first[b.Records[i].Key] = b.Records[i].Values[0]
					}
					b.Records[i].Values[0] = first[b.Records[i].Key]
				}
			}
		})
	}, "duplicates/the last counts in mode update", "the last of several"},
	{"mixes up the outcomes", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) { slices.Reverse(r.Outcomes) })
	}, "batch/mode update writes what differs", "in the order of the records"},
	{"writes what is unchanged", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err != nil {
				return nil, err
			}
			for i, o := range result.Outcomes {
				if o == products.Unchanged {
					p := s.list1(ctx, b.Records[i].SKU)
					for _, name := range []string{p.Name + "x", p.Name} {
						if _, err := s.Store.Update(ctx, p.ID, 0, products.Patch{Name: &name}); err != nil {
							return nil, err
						}
					}
				}
			}
			return result, nil
		}
	}, "batch/mode update writes what differs", "is not written"},
	{"says updated of what is unchanged", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) {
			for i, o := range r.Outcomes {
				if o == products.Unchanged {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "columns/status only where the record has one", "makes no difference"},
	{"updates in mode ignore", func(s *broken) {
		s.edit(func(b *products.Batch) { b.Mode = products.Update })
	}, "batch/mode ignore leaves alone what exists", "outcomes"},
	{"believes the hint", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err == nil && b.ExpectNew && result.Count(products.Skipped) > 0 {
				return nil, products.ErrExists
			}
			return result, err
		}
	}, "batch/mode ignore leaves alone what exists", "is written"},
	{"tells of the products before they changed", func(s *broken) {
		s.editChanges(func(_, updated []products.Product) {
			for i := range updated {
				updated[i].Version--
			}
		})
	}, "batch/mode update writes what differs", "as they are stored"},
	{"changes absent columns", func(s *broken) {
		s.edit(func(b *products.Batch) { s.addEmpty(b, "description") })
	}, "columns/what is absent never changes", "absent"},
	{"doesn't clear a description", func(s *broken) {
		s.edit(func(b *products.Batch) { drop(b, "description") })
	}, "columns/an empty description clears", "Not equal"},
	{"takes no status for false", func(s *broken) {
		s.editField("status", func(text string) string { return cmp.Or(text, "false") })
	}, "columns/status only where the record has one", "without a status"},
	{"keeps an attribute whose value is empty", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if !slices.ContainsFunc(b.Records[0].Values[1:], func(value string) bool { return value != "" }) {
				b.Columns.Attributes, b.Records[0].Values = nil, b.Records[0].Values[:1]
			}
		})
	}, "columns/attributes merge", "Not equal"},
	{"loses the end of a big batch", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			short := *b
			short.Records = b.Records[:min(len(b.Records), 4_096)]
			result, err := s.Store.WriteBatch(ctx, &short)
			for err == nil && len(result.Outcomes) < len(b.Records) {
				result.Outcomes = append(result.Outcomes, products.Created)
			}
			return result, err
		}
	}, "batch/big", "is stored"},
	{"keeps the caller's records", func(s *broken) {
		var kept []*products.Batch
		s.edit(func(*products.Batch) {})
		write := s.writeBatch
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			kept = append(kept, b)
			return write(ctx, b)
		}
		s.editPage(func(_ products.Query, page *products.Page) {
			for i := range page.Products {
				page.Products[i].Name = kept[0].Records[i].Values[0]
			}
		})
	}, "batch/records are only read", "doesn't keep the records"},
}
