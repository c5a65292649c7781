package postgres

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// attributesLook is how many products one statement looks at: so many that it is done in time, whatever their size.
const attributesLook = 50_000

// AttributeNames looks at all products that match, part by part in the order of their IDs.
func (p *Products) AttributeNames(ctx context.Context, query products.Query, most int) ([]string, error) {
	query, _, _, err := query.Check(p.layout.schema)
	if err != nil || query.MatchesNothing() {
		return nil, err
	}
	names := map[string]bool{}
	var last sql.NullInt64
	for looked := attributesLook; looked == attributesLook && len(names) < most; {
		s, err := p.selection(ctx, &query)
		if err != nil {
			return nil, fail(ctx, err, products.ErrNotFound)
		}
		if last.Valid {
			s.add("id > %s", s.arg(last.Int64, "bigint"))
		}
		statement := `WITH part AS (SELECT id, attributes FROM products` + s.where() + ` ORDER BY id LIMIT ` +
			s.arg(attributesLook, "bigint") + `)
			SELECT (SELECT count(*) FROM part), (SELECT max(id) FROM part),
				ARRAY(SELECT DISTINCT jsonb_object_keys(attributes) FROM part)`
		var found pq.StringArray
		err = p.db.read(ctx, forHeavy, func(ctx context.Context, q querier) error {
			return q.QueryRowxContext(ctx, statement, s.args...).Scan(&looked, &last, &found)
		})
		if err != nil {
			return nil, fail(ctx, err, products.ErrNotFound)
		}
		for _, name := range found {
			names[name] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	return sorted[:min(most, len(sorted))], nil
}
