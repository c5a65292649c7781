// Package jobtest holds the suites that every job.Store and every job.Uploads pass: each case is one promise of the
// contracts in package job, and its failure says which.
//
// A store's tests call RunStore, RunUploads and RunShared:
//
//	func TestJobs(t *testing.T) {
//		jobtest.RunStore(t, func(t *testing.T) jobtest.Stores {
//			var back time.Duration
//			db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-back) }})
//			setBack := func(_ context.Context, d time.Duration) error { back += d; return nil }
//			return jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd, SetBack: setBack}
//		})
//	}
//
// Leases in the suite run out in milliseconds of the store's time, and it waits for that by asking the store.
package jobtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
)

// Stores are a store of jobs and the store of products with whose batches its checkpoints are committed.
type Stores struct {
	Products products.Store
	Jobs     job.Store
	// OnEnd sets the hook of the Jobs.
	OnEnd func(hook driver.EndHook)
	// SetBack sets the store's clock back, and forward where d is below 0. To move all times that are stored for jobs
	// into the future does as well.
	SetBack func(ctx context.Context, d time.Duration) error
}

// StoreCase is one promise of job.Store.
type StoreCase struct {
	// Name is topic/promise.
	Name string
	run  func(c *check)
}

// UploadsCase is one promise of job.Uploads.
type UploadsCase struct {
	// Name is topic/promise.
	Name string
	run  func(c *uploadsCheck)
}

// RunStore runs every case of job.Store as a subtest. open returns empty stores, for one case; what it opens it closes
// in t.Cleanup.
func RunStore(t *testing.T, open func(t *testing.T) Stores) {
	for _, c := range StoreCases() {
		t.Run(c.Name, func(t *testing.T) {
			s := open(t)
			c.run(newCheck(casetest.T{TestingT: t}, s))
		})
	}
}

// RunUploads runs every case of job.Uploads as a subtest. open returns an empty place for uploads, for one case, with
// room for 64 MiB.
func RunUploads(t *testing.T, open func(t *testing.T) job.Uploads) {
	for _, c := range UploadsCases() {
		t.Run(c.Name, func(t *testing.T) { c.run(&uploadsCheck{T: casetest.T{TestingT: t}, Uploads: open(t)}) })
	}
}

// StoreCases returns the cases of job.Store.
func StoreCases() []StoreCase {
	return slices.Concat(createCases, undoCases, standingCases, fileCases, profileCases, cancelCases, readCases,
		claimCases, leaseCases, holdCases, endCases, hookCases, checkpointCases, changeCases, pruneCases, clockCases,
		waitCases, backlogCases)
}

// UploadsCases returns the cases of job.Uploads.
func UploadsCases() []UploadsCase { return uploadsCases }

// Check runs the case on empty stores and returns what broke, or nil.
func (c StoreCase) Check(ctx context.Context, s Stores) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(newCheck(t, s)) })
}

// Check runs the case on an empty place for uploads and returns what broke, or nil.
func (c UploadsCase) Check(ctx context.Context, uploads job.Uploads) error {
	return casetest.Check(ctx, func(t casetest.T) { c.run(&uploadsCheck{T: t, Uploads: uploads}) })
}
