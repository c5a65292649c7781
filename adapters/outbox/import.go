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

// Import returns what tells of a job's batches, for job.RunnerOptions.Notifier. The events carry the job's ID.
func (o *Outbox) Import(j job.Job) importer.WebhookNotifier { return &batches{o, j.ID} }

// batches tells of the batches of an import.
type batches struct {
	*Outbox
	importID string
}

var _ importer.WebhookListener = (*batches)(nil)

// listening returns those of an import's types to which an endpoint listens.
func (b *batches) listening(ctx context.Context) ([]string, error) {
	return b.store.Listening(ctx, true, webhooks.ProductCreated, webhooks.ProductUpdated)
}

// Wants tells whether an endpoint listens to what an import changes.
func (b *batches) Wants(ctx context.Context) (bool, error) {
	heard, err := b.listening(ctx)
	return len(heard) > 0, err
}

// NotifyBatch appends the events of a batch, all at once.
func (b *batches) NotifyBatch(ctx context.Context, changes importer.Changes) error {
	heard, err := b.listening(ctx)
	if err != nil {
		return err
	}
	var events []webhooks.Event
	for _, t := range heard {
		changed := changes.Created
		if t == webhooks.ProductUpdated {
			changed = changes.Updated
		}
		l := b.list()
		defer b.lists.Put(l) // the store keeps nothing of it
		for i := range changed {
			l.add(&changed[i])
		}
		for _, data := range l.close() {
			events = append(events, webhooks.Event{Type: t, ImportID: b.importID, Lane: webhooks.Bulk, Data: data})
		}
	}
	if len(events) == 0 {
		return nil
	}
	_, err = b.store.Append(ctx, events)
	return err
}

// summary is the data of an import's last event.
type summary struct {
	State    job.State `json:"state"`
	FileName string    `json:"file_name"`
	Mode     string    `json:"mode"`
	Error    string    `json:"error,omitempty"`
	// Counts are those of the committed batches.
	Counts progress.Counts `json:"counts"`
	// Events is how many numbered events there were, by type: whoever got all the numbers from 1 on has everything.
	Events     map[string]int64 `json:"events"`
	CreatedAt  time.Time        `json:"created_at"`
	StartedAt  time.Time        `json:"started_at,omitzero"`
	FinishedAt time.Time        `json:"finished_at"`
}

// mostText is how much is told of a file's name and of an error, in bytes.
const mostText = 4 << 10

// JobEnded appends the last event of an import. It is a job.EndHook.
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
	data, err := json.Marshal(summary{State: j.State, FileName: shorten(j.FileName), Mode: j.Settings.Mode.String(), Error: shorten(j.Error),
		Counts: j.Event.Counts, Events: numbers, CreatedAt: j.CreatedAt, StartedAt: j.StartedAt, FinishedAt: j.FinishedAt})
	if err != nil {
		return err
	}
	// In the lane of the import's other events, so that it comes after them, if nothing has to be tried again.
	_, err = o.store.Append(ctx, []webhooks.Event{{Type: t, ImportID: j.ID, Lane: webhooks.Bulk, Data: data}})
	return err
}

func shorten(s string) string { return s[:min(len(s), mostText)] }
