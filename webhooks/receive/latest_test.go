package receive_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// changed returns the message of a change to one product, so many seconds into the test.
func changed(second int, eventType string, id, version int) *receive.Message {
	return &receive.Message{Type: eventType, Timestamp: time.Unix(int64(second), 0),
		Data: fmt.Appendf(nil, `{"products":[{"id":%d,"version":%d}]}`, id, version)}
}

// TestLatest feeds a catalogue's life in any order, with repetitions: what is known in the end is what is there.
func TestLatest(t *testing.T) {
	const created, updated, deleted = receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted
	life := []*receive.Message{
		changed(1, created, 1, 1), changed(2, created, 2, 1), changed(3, updated, 2, 2), // gone with all the others
		{Type: receive.ProductsDeletedAll, Timestamp: time.Unix(4, 0), Data: []byte(`{"count":2}`)},
		changed(5, created, 3, 1), changed(6, updated, 3, 2), changed(7, updated, 3, 3), // stays, at version 3
		changed(8, created, 4, 1), changed(9, updated, 4, 2), changed(10, deleted, 4, 2), // goes
		changed(11, created, 5, 1),
		{Type: updated, Timestamp: time.Unix(12, 0),
			Data: []byte(`{"import_id":"i","number":1,"products":[{"id":3,"version":4},{"id":5,"version":2}]}`)},
		{Type: receive.ImportCompleted, Timestamp: time.Unix(13, 0), Data: []byte(`{"import_id":"i"}`)},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		shuffled := append(append([]*receive.Message(nil), life...), life[rng.IntN(len(life))],
			life[rng.IntN(len(life))])
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		l := receive.NewLatest()
		there := map[int64]int64{}
		at := map[int64]time.Time{}
		for _, m := range shuffled {
			changes, err := l.Add(m)
			require.NoError(t, err)
			if m.Type == receive.ProductsDeletedAll {
				for id := range there {
					if at[id].Before(m.Timestamp) {
						delete(there, id)
					}
				}
			}
			for _, c := range changes {
				switch {
				case c.Stale:
				case c.Deleted:
					delete(there, c.ID)
				default:
					require.Greater(t, c.Version, there[c.ID], "versions grow")
					there[c.ID], at[c.ID] = c.Version, m.Timestamp
				}
			}
		}
		require.Equal(t, map[int64]int64{3: 4, 5: 2}, there)
	}
}

func TestLatestTwice(t *testing.T) {
	l := receive.NewLatest()
	fresh := func(m *receive.Message) bool {
		changes, err := l.Add(m)
		require.NoError(t, err)
		require.Len(t, changes, 1)
		return !changes[0].Stale
	}
	require.True(t, fresh(changed(1, receive.ProductUpdated, 1, 2)))
	require.False(t, fresh(changed(1, receive.ProductUpdated, 1, 2)), "it came before")
	require.False(t, fresh(changed(0, receive.ProductCreated, 1, 1)), "it comes late")
	require.True(t, fresh(changed(2, receive.ProductDeleted, 1, 2)), "a deletion has the last version")
	require.False(t, fresh(changed(2, receive.ProductDeleted, 1, 2)))
	require.False(t, fresh(changed(1, receive.ProductUpdated, 1, 2)), "nothing comes after the end")
	for _, data := range []string{`{`, `[]`, `{"products":[{}]}`, `{"products":[{"id":1}]}`,
		`{"products":[{"id":"x","version":1}]}`, `{"products":{}}`} {
		_, err := l.Add(&receive.Message{Type: receive.ProductUpdated, Data: []byte(data)})
		require.ErrorIs(t, err, receive.ErrMessage, data)
	}
	changes, err := l.Add(&receive.Message{Type: receive.WebhookTest, Data: []byte(`{"endpoint_id":"x"}`)})
	require.NoError(t, err)
	require.Empty(t, changes)
}
