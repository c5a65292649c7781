package httpapi

import (
	"context"
)

// smallBytes is how much text of products a response may hold without a share of those that are written piece by piece.
const smallBytes = 64 << 10

// readBudget bounds the products that all responses together hold in memory. A request that reads products holds room
// for the largest of them. Mostly what it gets is small, and then it keeps room for that alone; else its share moves to
// the half for responses that are being written. So slow clients of large responses don't hold up others.
type readBudget struct {
	reading, writing *budget
}

func newReadBudget(bytes int64) readBudget {
	return readBudget{newBudget(bytes / 2), newBudget(bytes / 2)}
}

// readShare is what one request holds of a readBudget.
type readShare struct {
	budget *readBudget
	share  *share
	end    context.CancelFunc // of the request's context, nil for none
}

// read waits for room for one piece, which the caller releases.
func (r *readBudget) read(ctx context.Context) (*readShare, error) {
	s, err := r.reading.take(ctx, pieceBytes)
	return &readShare{budget: r, share: s}, err
}

// stream waits for room for a response that is read and written piece by piece, which the caller releases.
func (r *readBudget) stream(ctx context.Context) (*readShare, error) {
	s, err := r.writing.take(ctx, pieceBytes)
	return &readShare{budget: r, share: s}, err
}

// keep changes the share to what so many bytes need while they are written. For many it waits for a share of writing.
func (s *readShare) keep(ctx context.Context, bytes int) error {
	if bytes <= smallBytes {
		s.share.shrink(int64(bytes))
		return nil
	}
	share, err := s.budget.writing.take(ctx, int64(min(bytes, pieceBytes)))
	if err != nil {
		return err
	}
	s.share.release()
	s.share = share
	return nil
}

// shrink gives back what so many bytes don't need. Unlike keep it can't fail: it is for answers to changes that have
// been made.
func (s *readShare) shrink(bytes int) { s.share.shrink(int64(bytes)) }

func (s *readShare) release() {
	s.share.release()
	if s.end != nil {
		s.end()
	}
}
