package sqlite

import (
	"context"
	"database/sql"
)

// prepared are statements of one kind for different numbers of records, each prepared once for a transaction.
type prepared struct {
	q    querier
	text func(n int) string
	byN  map[int]*sql.Stmt
}

func newPrepared(q querier, text func(n int) string) *prepared {
	return &prepared{q: q, text: text, byN: map[int]*sql.Stmt{}}
}

// of returns the statement for n records. It is closed with its transaction.
func (p *prepared) of(ctx context.Context, n int) (*sql.Stmt, error) {
	statement := p.byN[n]
	if statement == nil {
		var err error
		if statement, err = p.q.PrepareContext(context.WithoutCancel(ctx), p.text(n)); err != nil {
			return nil, err
		}
		p.byN[n] = statement
	}
	return statement, nil
}
