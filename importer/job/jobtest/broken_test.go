package jobtest_test

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

// broken is a store with some methods replaced.
type broken struct {
	job.Store
	other         *job.Service // over the sound store
	onEnd         func(hook driver.EndHook)
	setBack       func(ctx context.Context, d time.Duration) error
	create        func(ctx context.Context, j job.Job) (job.Job, error)
	createFrom    func(ctx context.Context, j job.Job) (job.Job, error)
	deleteUpload  func(ctx context.Context, id string) error
	useUpload     func(ctx context.Context, id string) (job.Upload, error)
	dropUpload    func(ctx context.Context, id string) error
	expireUploads func(ctx context.Context, age time.Duration, limit int) ([]string, error)
	moveFile      func(ctx context.Context, from, to string) (bool, error)
	fileOf        func(ctx context.Context, upload string) (string, error)
	putProfile    func(ctx context.Context, p job.Profile) (job.Profile, error)
	findProfile   func(ctx context.Context, fingerprint string) (job.Profile, error)
	listProfiles  func(ctx context.Context) ([]job.Profile, error)
	cancel        func(ctx context.Context, id string) (job.Job, error)
	refused       func(ctx context.Context, id string, above int64) ([]importer.Reject, int64, error)
	skipped       func(ctx context.Context, id string, above int64) ([]importer.Skipped, int64, error)
	get           func(ctx context.Context, id string) (job.Job, error)
	list          func(ctx context.Context, q job.Query) ([]job.Job, int64, error)
	claim         func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error)
	renew         func(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error)
	checkpoint    func(ctx context.Context, claim *job.Claim, done importer.Commit) error
	checkpoints   func(ctx context.Context, claim *job.Claim) (map[int64]importer.Commit, error)
	release       func(ctx context.Context, claim *job.Claim, failed bool, reason string, delay time.Duration) (job.Job,
		error)
	finish func(ctx context.Context, claim *job.Claim, state job.State, reason string,
		update *job.Update) (job.Job, error)
	expire       func(ctx context.Context, before time.Time, limit int) ([]job.Job, error)
	uploadsInUse func(ctx context.Context, keys []string) ([]string, error)

	keepChanges   func(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error
	dropChanges   func(ctx context.Context, claim *job.Claim, limit int) (int, error)
	chunks        func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error)
	chunksOf      func(ctx context.Context, key, below string, limit int) ([]job.FoundChunk, error)
	expireChanges func(ctx context.Context, before time.Time, limit int) (int, error)
	backlog       func(ctx context.Context) (job.Backlog, error)
}

// breakAll lets every method be replaced.
func breakAll(stores jobtest.Stores) *broken {
	s := stores.Jobs
	return &broken{Store: s, onEnd: stores.OnEnd, setBack: stores.SetBack, create: s.Create, cancel: s.Cancel,
		refused: s.Refused, skipped: s.Skipped, get: s.Get, list: s.List, claim: s.Claim, renew: s.Renew,
		checkpoint: s.Checkpoint, checkpoints: s.Checkpoints, release: s.Release, finish: s.Finish, expire: s.Expire,
		keepChanges: s.KeepChanges, dropChanges: s.DropChanges, chunks: s.Chunks, chunksOf: s.ChunksOf,
		expireChanges: s.ExpireChanges, uploadsInUse: s.UploadsInUse, backlog: s.Backlog, createFrom: s.CreateFrom,
		deleteUpload: s.DeleteUpload, useUpload: s.UseUpload, dropUpload: s.DropUpload, expireUploads: s.ExpireUploads,
		moveFile: s.MoveFile, fileOf: s.FileOf,
		putProfile: s.PutProfile, findProfile: s.FindProfile, listProfiles: s.ListProfiles}
}

func (b *broken) Create(ctx context.Context, j job.Job) (job.Job, error) { return b.create(ctx, j) }
func (b *broken) CreateFrom(ctx context.Context, j job.Job) (job.Job, error) {
	return b.createFrom(ctx, j)
}
func (b *broken) DeleteUpload(ctx context.Context, id string) error { return b.deleteUpload(ctx, id) }
func (b *broken) DropUpload(ctx context.Context, id string) error   { return b.dropUpload(ctx, id) }
func (b *broken) UseUpload(ctx context.Context, id string) (job.Upload, error) {
	return b.useUpload(ctx, id)
}
func (b *broken) ExpireUploads(ctx context.Context, age time.Duration, limit int) ([]string, error) {
	return b.expireUploads(ctx, age, limit)
}
func (b *broken) MoveFile(ctx context.Context, from, to string) (bool, error) {
	return b.moveFile(ctx, from, to)
}
func (b *broken) FileOf(ctx context.Context, upload string) (string, error) {
	return b.fileOf(ctx, upload)
}
func (b *broken) PutProfile(ctx context.Context, p job.Profile) (job.Profile, error) {
	return b.putProfile(ctx, p)
}
func (b *broken) FindProfile(ctx context.Context, fingerprint string) (job.Profile, error) {
	return b.findProfile(ctx, fingerprint)
}
func (b *broken) ListProfiles(ctx context.Context) ([]job.Profile, error) { return b.listProfiles(ctx) }
func (b *broken) Cancel(ctx context.Context, id string) (job.Job, error)  { return b.cancel(ctx, id) }
func (b *broken) Get(ctx context.Context, id string) (job.Job, error)     { return b.get(ctx, id) }
func (b *broken) Refused(ctx context.Context, id string, above int64) ([]importer.Reject, int64, error) {
	return b.refused(ctx, id, above)
}
func (b *broken) Skipped(ctx context.Context, id string, above int64) ([]importer.Skipped, int64, error) {
	return b.skipped(ctx, id, above)
}
func (b *broken) UploadsInUse(ctx context.Context, k []string) ([]string, error) {
	return b.uploadsInUse(ctx, k)
}

func (b *broken) List(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
	return b.list(ctx, q)
}

func (b *broken) Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
	return b.claim(ctx, worker, lease, maxAttempts)
}

func (b *broken) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	return b.renew(ctx, claim, lease, update)
}

func (b *broken) Checkpoint(ctx context.Context, claim *job.Claim, done importer.Commit) error {
	return b.checkpoint(ctx, claim, done)
}

func (b *broken) Checkpoints(ctx context.Context, claim *job.Claim) (map[int64]importer.Commit, error) {
	return b.checkpoints(ctx, claim)
}

func (b *broken) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	return b.release(ctx, claim, failed, reason, delay)
}

func (b *broken) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (job.Job, error) {
	return b.finish(ctx, claim, state, reason, update)
}

func (b *broken) Backlog(ctx context.Context) (job.Backlog, error) { return b.backlog(ctx) }

func (b *broken) Expire(ctx context.Context, before time.Time, limit int) ([]job.Job, error) {
	return b.expire(ctx, before, limit)
}

func (b *broken) KeepChanges(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
	return b.keepChanges(ctx, claim, chunks)
}

func (b *broken) DropChanges(ctx context.Context, claim *job.Claim, limit int) (int, error) {
	return b.dropChanges(ctx, claim, limit)
}

func (b *broken) Chunks(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
	return b.chunks(ctx, id, query)
}

func (b *broken) ChunksOf(ctx context.Context, key, below string, limit int) ([]job.FoundChunk, error) {
	return b.chunksOf(ctx, key, below, limit)
}

func (b *broken) ExpireChanges(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.expireChanges(ctx, before, limit)
}
