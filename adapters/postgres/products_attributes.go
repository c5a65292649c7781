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

// AttributeNames looks at all products that match, part by part in the order of an index.
func (p *Products) AttributeNames(ctx context.Context, query products.Query, most int) ([]string, error) {
	query, _, _, err := query.Check(p.layout.schema)
	if err != nil || query.MatchesNothing() {
		return nil, err
	}
	names := map[string]bool{}
	var last sql.NullString
	for looked := attributesLook; looked == attributesLook && len(names) < most; {
		matching, err := p.selection(ctx, &query)
		if err != nil {
			return nil, fail(ctx, err, products.ErrNotFound)
		}
		var found pq.StringArray
		err = p.db.readByID(ctx, forHeavy, func(ctx context.Context, q querier, is Distribution) error {
			by, sqlType := "id", "bigint"
			if is.byKeys() { // partitions have no index on the ID
				by, sqlType = "sku_key", "text"
			}
			s := selection{conditions: slices.Clone(matching.conditions), args: slices.Clone(matching.args)}
			if last.Valid {
				s.add("%s > %s", by, s.arg(last.String, sqlType))
			}
			statement := `WITH part AS (SELECT ` + by + `, attributes FROM products` + s.where() +
				` ORDER BY ` + by + ` LIMIT ` + s.arg(attributesLook, "bigint") + `)
			SELECT (SELECT count(*) FROM part), (SELECT max(` + by + `)::text FROM part),
				ARRAY(SELECT DISTINCT jsonb_object_keys(attributes) FROM part)`
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
