package job

import (
	"context"
	"time"
)

type leaseKey struct{}

// WithLease returns a context for the work of a worker that holds its job for the lease at a time; a Runner's calls have
// one. A store may end a transaction whose worker has been silent for that long: another one may have the job by then,
// and wait for what the transaction locks.
func WithLease(ctx context.Context, lease time.Duration) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease)
}

// LeaseOf returns the context's lease, 0 for none.
func LeaseOf(ctx context.Context) time.Duration {
	lease, _ := ctx.Value(leaseKey{}).(time.Duration)
	return lease
}
