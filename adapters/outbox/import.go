package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
	"github.com/products-importer/products-importer/webhooks"
)

// Import returns the notifier of a job's batches, for job.RunnerOptions.Notifier. The ImportID of its events is the
// job's ID.
func (o *Outbox) Import(j job.Job) importer.WebhookNotifier {
	n := &batchNotifier{outbox: o, importID: j.ID, types: []string{webhooks.ProductCreated, webhooks.ProductUpdated}}
	if j.Settings.Undo != "" || j.Settings.Missing == importer.MissingDelete.String() {
		n.types = append(n.types, webhooks.ProductDeleted)
	}
	return n
}

// batchNotifier appends the events of an import's batches.
type batchNotifier struct {
	outbox   *Outbox
	importID string
	types    []string // of its events
}

var _ importer.WebhookListener = (*batchNotifier)(nil)

// listening returns those of an import's types to which an endpoint listens.
func (n *batchNotifier) listening(ctx context.Context) ([]string, error) {
	return n.outbox.store.Listening(ctx, true, n.types...)
}

// Wants reports whether an endpoint listens to the changes of imports.
func (n *batchNotifier) Wants(ctx context.Context) (bool, error) {
	heard, err := n.listening(ctx)
	return len(heard) > 0, err
}

// NotifyBatch appends the events of a batch, in one call of Append.
func (n *batchNotifier) NotifyBatch(ctx context.Context, changes importer.Changes) error {
	heard, err := n.listening(ctx)
	if err != nil {
		return err
	}
	var events []webhooks.Event
	for _, t := range heard {
		changed := changes.Created
		switch t {
		case webhooks.ProductUpdated:
			changed = changes.Updated
		case webhooks.ProductDeleted:
			changed = changes.Deleted
		}
		l := n.outbox.list()
		defer n.outbox.lists.Put(l) // the store doesn't keep it
		for i := range changed {
			l.add(&changed[i])
		}
		for _, data := range l.close() {
			events = append(events, webhooks.Event{Type: t, ImportID: n.importID, Lane: webhooks.Bulk, Data: data})
		}
	}
	if len(events) == 0 {
		return nil
	}
	_, err = n.outbox.store.Append(ctx, events)
	return err
}

// summary is the data of an import's last event.
type summary struct {
	State    job.State `json:"state"`
	FileName string    `json:"file_name"`
	Mode     string    `json:"mode,omitempty"` // not of an undo
	Undo     string    `json:"undo,omitempty"` // the import that was undone
	Error    string    `json:"error,omitempty"`
	// Counts are the counts of the committed batches.
	Counts progress.Counts `json:"counts"`
	// Events is how many numbered events there were, by type: whoever has received all numbers from 1 on has
	// everything.
	Events     map[string]int64 `json:"events"`
	CreatedAt  time.Time        `json:"created_at"`
	StartedAt  time.Time        `json:"started_at,omitzero"`
	FinishedAt time.Time        `json:"finished_at"`
}

// maxText is the length to which a file's name and an error are cut, in bytes.
const maxText = 4 << 10

// JobEnded appends the last event of an import. It is a driver.EndHook.
func (o *Outbox) JobEnded(ctx context.Context, j job.Job) error {
	t := webhooks.ImportCompleted
	switch j.State {
	case job.Failure:
		t = webhooks.ImportFailed
	case job.Revoked:
		t = webhooks.ImportCancelled
	}
	if j.Settings.DryRun {
		return nil
	}
	heard, err := o.store.Listening(ctx, false, t)
	if err != nil || len(heard) == 0 {
		return err
	}
	numbers, err := o.store.Numbers(ctx, j.ID)
	if err != nil {
		return err
	}
	if numbers == nil {
		numbers = map[string]int64{}
	}
	mode := j.Settings.Mode.String()
	if j.Settings.Undo != "" {
		mode = ""
	}
	data, err := json.Marshal(summary{State: j.State, FileName: shorten(j.FileName), Mode: mode,
		Undo: j.Settings.Undo, Error: shorten(j.Error),
		Counts: j.Event.Counts, Events: numbers, CreatedAt: j.CreatedAt, StartedAt: j.StartedAt,
		FinishedAt: j.FinishedAt})
	if err != nil {
		return err
	}
	// In the lane of the import's other events it usually comes after them.
	_, err = o.store.Append(ctx, []webhooks.Event{{Type: t, ImportID: j.ID, Lane: webhooks.Bulk, Data: data}})
	return err
}

func shorten(s string) string { return s[:min(len(s), maxText)] }
