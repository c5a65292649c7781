package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/products"
)

// idBlock is how many IDs each value of the sequence product_ids stands for, its INCREMENT: a batch of 20,000 products
// asks for 200 values in one statement instead of running nextval for each row.
const idBlock = 100

// nextBlocks takes blocks of IDs, as many as its parameter says. The server never gives them again once the
// transaction is committed, provided that the commit is on the disk, so that is asked for whatever the database's
// settings are.
const nextBlocks = `SELECT coalesce(array_agg(nextval('product_ids'))::text, '{}'), pg_postmaster_start_time(),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'local'
		ELSE current_setting('synchronous_commit') END, true)
	FROM generate_series(1, $1::bigint)`

// takeBlocks takes n blocks. It returns when the server that gave them was started, too.
func takeBlocks(ctx context.Context, t *transaction, n int) (firsts []int64, server time.Time, err error) {
	var list, setting string
	if err := t.QueryRowContext(ctx, nextBlocks, n).Scan(&list, &server, &setting); err != nil {
		return nil, server, err
	}
	firsts, err = parseInts(make([]int64, 0, n), list)
	return firsts, server, err
}

// idRest is what is left of a block.
type idRest struct {
	next, end int64
	// server is when the server that gave the block was started. Another one, that took over since, may not know of it
	// and give it again.
	server time.Time
}

// take takes an ID out of the block, if there is one.
func (b *idRest) take() (id int64, ok bool) {
	if b.next == b.end {
		return 0, false
	}
	b.next++
	return b.next - 1, true
}

// errMoved can pass: the transaction is run again, with an ID of the new server.
var errMoved = fmt.Errorf("%w: another server took over", products.ErrUnavailable)

// idPool hands out IDs one at a time. It has the rest of blocks whose transactions were committed. A block whose
// transaction wasn't, or may not have been, doesn't count, since the server may give it again. The IDs that are left
// when the process ends are never used.
type idPool struct {
	mu     sync.Mutex
	blocks []idRest // none is used up
}

// take returns an ID that nobody else has or will have if it is used in the transaction, and on the server that was
// started then; a zero time means any.
func (p *idPool) take(ctx context.Context, t *transaction) (id int64, server time.Time, err error) {
	if id, ok := t.ids.take(); ok {
		return id, time.Time{}, nil
	}
	if id, server, ok := p.one(); ok {
		return id, server, nil
	}
	firsts, server, err := takeBlocks(ctx, t, 1)
	if err != nil {
		return 0, server, err
	}
	if t.ids.end == 0 {
		t.committed = append(t.committed, func() { p.put(t.ids) })
	}
	t.ids = idRest{next: firsts[0] + 1, end: firsts[0] + idBlock, server: server}
	return firsts[0], time.Time{}, nil
}

// one takes an ID out of the pool, if there is one.
func (p *idPool) one() (id int64, server time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.blocks) - 1
	if last < 0 {
		return 0, server, false
	}
	b := &p.blocks[last]
	id, _ = b.take()
	server = b.server
	if b.next == b.end {
		p.blocks = p.blocks[:last]
	}
	return id, server, true
}

// put adds what is left of a block.
func (p *idPool) put(b idRest) {
	if b.next == b.end {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocks = append(p.blocks, b)
}

// keep drops the blocks of all other servers.
func (p *idPool) keep(server time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocks = slices.DeleteFunc(p.blocks, func(b idRest) bool { return !b.server.Equal(server) })
}

// idRange gives out the IDs of several blocks, in ascending order.
type idRange struct {
	blocks []int64
	used   int64 // of blocks[0]
}

// reserveIDs takes n IDs, for the transaction alone.
func reserveIDs(ctx context.Context, t *transaction, n int) (*idRange, error) {
	blocks, _, err := takeBlocks(ctx, t, (n+idBlock-1)/idBlock)
	return &idRange{blocks: blocks}, err
}

func (r *idRange) next() int64 {
	if r.used == idBlock {
		r.blocks, r.used = r.blocks[1:], 0
	}
	r.used++
	return r.blocks[0] + r.used - 1
}
