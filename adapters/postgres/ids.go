package postgres

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"
)

// idBlock is how many IDs each value of the sequence product_ids stands for, its INCREMENT: a batch of 20,000 products
// asks for 200 values in one statement instead of running nextval for each row.
const idBlock = 100

// idPool hands out IDs one at a time. What is left of a block when the process ends is never used.
type idPool struct {
	mu        sync.Mutex
	next, end int64
}

// take returns an ID that nobody else has or will have.
func (p *idPool) take(ctx context.Context, q sqlx.QueryerContext) (int64, error) {
	p.mu.Lock()
	if p.next < p.end {
		defer p.mu.Unlock()
		p.next++
		return p.next - 1, nil
	}
	p.mu.Unlock() // not held while the database is asked: others may have to stop waiting
	var first int64
	if err := sqlx.GetContext(ctx, q, &first, `SELECT nextval('product_ids')`); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.end = first+1, first+idBlock
	return first, nil
}

// idRange gives out the IDs of several blocks, in ascending order.
type idRange struct {
	blocks []int64
	used   int64 // of blocks[0]
}

// reserveIDs takes n IDs.
func reserveIDs(ctx context.Context, q sqlx.QueryerContext, n int) (*idRange, error) {
	var blocks string
	err := sqlx.GetContext(ctx, q, &blocks, `SELECT coalesce(array_agg(nextval('product_ids'))::text, '{}') FROM generate_series(1, $1::bigint)`,
		(n+idBlock-1)/idBlock)
	if err != nil {
		return nil, err
	}
	ids, err := parseInts(nil, blocks)
	return &idRange{blocks: ids}, err
}

func (r *idRange) next() int64 {
	if r.used == idBlock {
		r.blocks, r.used = r.blocks[1:], 0
	}
	r.used++
	return r.blocks[0] + r.used - 1
}

// parseInts appends the numbers of an array as PostgreSQL prints it: {1,2,3}.
func parseInts(to []int64, array string) ([]int64, error) {
	array = strings.Trim(array, "{}")
	for len(array) > 0 {
		var item string
		item, array, _ = strings.Cut(array, ",")
		n, err := strconv.ParseInt(item, 10, 64)
		if err != nil {
			return nil, err
		}
		to = append(to, n)
	}
	return to, nil
}

// formatInts is the inverse of parseInts.
func formatInts(vs []int64) string {
	to := []byte{'{'}
	for i, v := range vs {
		if i > 0 {
			to = append(to, ',')
		}
		to = strconv.AppendInt(to, v, 10)
	}
	return string(append(to, '}'))
}
