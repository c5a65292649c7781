package job

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// planChunk is how many products a chunk of a plan has.
const planChunk = 10_000

// keepMissing makes an import keep its plan of what is missing, and gives it the one that an earlier attempt kept.
//
// A plan stands among the chunks of the job's changes, in the batch that is the claim's token below 0: so it is none of
// its changes. It is kept whole, by one call. A claim that was about to be lost may keep its plan all the same, and
// nothing of what it planned: that of the latest claim counts, whose batch is the lowest.
func (a *attempt) keepMissing(ctx context.Context, o *importer.Options) (err error) {
	if o.Missing == importer.MissingKeep {
		return nil
	}
	o.Checkpoints.KeepMissing = func(ctx context.Context, plan *importer.MissingPlan) error {
		return a.runner.store.KeepChanges(ctx, a.claim, encodePlan(-a.claim.Token, plan))
	}
	if !o.DryRun {
		o.Checkpoints.Missing, err = a.plan(ctx)
	}
	return err
}

// plan returns the plan that counts, nil for none.
func (a *attempt) plan(ctx context.Context) (plan *importer.MissingPlan, err error) {
	query := ChunkQuery{AfterBatch: math.MinInt64, Limit: chunksAtOnce}
	for {
		chunks, err := a.runner.store.Chunks(ctx, a.claim.Job.ID, query)
		if err != nil {
			return nil, err
		}
		for i := range chunks {
			c := &chunks[i]
			if c.Batch >= 0 || plan != nil && c.Batch != query.AfterBatch {
				return plan, nil
			}
			if plan == nil {
				plan = &importer.MissingPlan{}
			}
			if plan.Products, err = decodePlan(plan.Products, c); err != nil {
				return nil, err
			}
			query.AfterBatch, query.AfterKey = c.Batch, c.Last
		}
		if len(chunks) < chunksAtOnce {
			return plan, nil
		}
	}
}

// encodePlan makes chunks of a plan, one of a plan without products. A body has of each product its key, behind its
// length, its ID as the distance from the one before, and its version.
func encodePlan(batch int64, plan *importer.MissingPlan) (chunks []ChangeChunk) {
	if len(plan.Products) == 0 {
		return []ChangeChunk{{Batch: batch, Body: s2.Encode(nil, nil)}}
	}
	for some := range slices.Chunk(plan.Products, planChunk) {
		var body []byte
		last := int64(0)
		for _, k := range some {
			body = appendText(body, k.Key)
			body = binary.AppendVarint(body, k.ID-last)
			body = binary.AppendUvarint(body, uint64(k.Version))
			last = k.ID
		}
		chunks = append(chunks, ChangeChunk{Batch: batch, First: some[0].Key, Last: some[len(some)-1].Key,
			Size: len(body), Body: s2.Encode(nil, body)})
	}
	return chunks
}

// decodePlan appends the products of a chunk.
func decodePlan(to []products.KeyVersion, c *ChangeChunk) ([]products.KeyVersion, error) {
	body, err := s2.Decode(nil, c.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadChunk, err)
	}
	d := changeDecoder{rest: string(body)}
	last := int64(0)
	for len(d.rest) > 0 {
		k := products.KeyVersion{Key: d.text()}
		last += d.varint()
		k.ID, k.Version = last, int64(d.uvarint())
		to = append(to, k)
	}
	if d.failed {
		return nil, errBadChunk
	}
	return to, nil
}
