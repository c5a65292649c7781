package receive_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// part is an event of an import with so many products.
func part(eventType string, number, products int) *receive.Message {
	list := ""
	for i := range products {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"id":%d}`, i)
	}
	return &receive.Message{Type: eventType, Data: fmt.Appendf(nil, `{"import_id":"i","number":%d,"products":[%s]}`,
		number, list)}
}

func end(created, updated, createdEvents, updatedEvents int) *receive.Message {
	return &receive.Message{Type: receive.ImportCompleted, Data: fmt.Appendf(nil,
		`{"import_id":"i","counts":{"read":9,"created":%d,"updated":%d},"events":{"product.created":%d,"product.updated":%d}}`, created, updated, createdEvents, updatedEvents)}
}

func TestTally(t *testing.T) {
	tally := receive.NewTally()
	add := func(m *receive.Message) *receive.ImportStatus {
		state, err := tally.Add(m)
		require.NoError(t, err)
		return state
	}
	require.Nil(t, add(&receive.Message{Type: receive.ProductCreated, Data: []byte(`{"products":[]}`)}),
		"a single change")
	require.Equal(t, &receive.ImportStatus{ImportID: "i", Events: 1, Products: 2, Missing: "the import hasn't ended"},
		add(part("product.created", 2, 2)))
	require.Equal(t, &receive.ImportStatus{ImportID: "i", Events: 1, Products: 2, Summary: "import.completed",
		Missing: "product.created: numbers 1 to 1 of 5; product.updated: numbers 1 to 1 of 1"}, add(end(8, 1, 5, 1)))
	require.Equal(t, "product.created: numbers 1 to 1 of 5", add(part("product.updated", 1, 1)).Missing)
	require.Equal(t, "product.created: numbers 3 to 5 of 5", add(part("product.created", 1, 2)).Missing)
	require.Equal(t, "product.created: numbers 3 to 4 of 5", add(part("product.created", 5, 1)).Missing)
	require.False(t, add(part("product.created", 5, 1)).Complete, "twice is once")
	add(part("product.created", 4, 1))
	require.Equal(t, &receive.ImportStatus{ImportID: "i", Events: 6, Products: 9, Summary: "import.completed",
		Complete: true}, add(part("product.created", 3, 2)))
	require.True(t, add(part("product.created", 3, 2)).Complete)
	tally.Forget("i")
	require.Equal(t, "product.created: numbers 1 to 5 of 5; product.updated: numbers 1 to 1 of 1",
		add(end(8, 1, 5, 1)).Missing)

	for _, bad := range []string{"", "[]", `{"import_id":"i"}`, `{"import_id":"i","number":-1}`, `{"import_id":7}`} {
		_, err := tally.Add(&receive.Message{Type: receive.ProductCreated, Data: []byte(bad)})
		require.ErrorIs(t, err, receive.ErrMessage, bad)
	}
}

// TestTallyOfWhatIsMissing: products that a file lacks come among the updated ones, or the deleted ones.
func TestTallyOfWhatIsMissing(t *testing.T) {
	for gone, counts := range map[string]string{receive.ProductUpdated: `"updated":1,"deactivated":2`,
		receive.ProductDeleted: `"deleted":3`} {
		tally := receive.NewTally(gone)
		state, err := tally.Add(&receive.Message{Type: receive.ImportCompleted, Data: fmt.Appendf(nil,
			`{"import_id":"i","counts":{"read":1,"missing":3,%s},"events":{%q:2}}`, counts, gone)})
		require.NoError(t, err)
		require.Equal(t, gone+": numbers 1 to 2 of 2", state.Missing)
		_, err = tally.Add(part(gone, 1, 1))
		require.NoError(t, err)
		state, err = tally.Add(part(gone, 2, 1))
		require.NoError(t, err)
		require.Equal(t, gone+": 1 of 3 products", state.Missing, "some were sent before the endpoint listened")
		state, err = tally.Add(part(gone, 3, 1))
		require.NoError(t, err)
		require.True(t, state.Complete)
	}
}

func TestTallyInAnyOrder(t *testing.T) {
	tally := receive.NewTally(receive.ProductCreated)
	messages := []*receive.Message{end(300, 7, 100, 3)}
	for i := range 100 {
		messages = append(messages, part("product.created", i+1, 3), part("product.created", i+1, 3))
	}
	rand.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	for i, m := range messages {
		state, err := tally.Add(m)
		require.NoError(t, err)
		if i == len(messages)-1 {
			require.True(t, state.Complete, "what isn't listened to isn't missing")
			require.EqualValues(t, 300, state.Products)
		}
	}
	late := receive.NewTally()
	_, err := late.Add(part("product.created", 1, 100))
	require.NoError(t, err)
	state, err := late.Add(end(300, 0, 1, 0))
	require.NoError(t, err)
	require.Equal(t, "product.created: 200 of 300 products", state.Missing, "who listened too late is told")
}
