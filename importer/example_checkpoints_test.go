package importer_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// An import that was interrupted goes on where it was: the batches that were committed are not written again.
func ExampleCheckpoints() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("sku,name\nl-1,Lamp\nd-1,Desk\nc-1,Chair\n")
	committed := map[int64]importer.Commit{}
	crash := errors.New("power failure")
	options := importer.Options{BatchRecords: 1, Writers: 1, Checkpoints: importer.Checkpoints{
		Save: func(_ context.Context, done importer.Commit) error { // a real one writes it through the context
			if len(committed) == 2 {
				return crash
			}
			committed[done.Batch] = done
			return nil
		},
	}}
	_, err := importer.Run(ctx, file, store, options)
	fmt.Println(err)

	options.Checkpoints = importer.Checkpoints{Committed: committed}
	result, err := importer.Run(ctx, file, store, options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d created by %d batches, of which %d were committed before\n", result.Created, result.Batches,
		result.Resumed)
	// Output:
	// importer: batch 3, lines 4 to 4: power failure
	// 3 created by 3 batches, of which 2 were committed before
}
