package postgres_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestStatementsOfAPatch: a PATCH reads the product once, and the endpoints once, in one transaction.
func TestStatementsOfAPatch(t *testing.T) {
	url := migrated(t)
	admin := open(t, url, postgres.Options{})
	p, by := newProxy(t, url)
	db := open(t, by, postgres.Options{NoMigrate: true})
	out, err := outbox.New(db.Webhooks())
	require.NoError(t, err)
	store, err := products.NewNotifyingStore(db.Products(), db.InTx, out)
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(store, service, db.Jobs(), nil, httpapi.Options{
		Authenticate: func(*http.Request) (string, error) { return "anna", nil }})
	require.NoError(t, err)
	product := create(t, admin, "a")

	// patch returns the statements of a PATCH, each cut behind its beginning.
	patch := func(name string, status int) (statements []string) {
		response := httptest.NewRecorder()
		all := p.sent(func() {
			request := httptest.NewRequest(http.MethodPatch, "/products/"+strconv.FormatInt(product.ID, 10),
				strings.NewReader(`{"name":"`+name+`"}`))
			request.Header.Set("Content-Type", "application/merge-patch+json")
			api.ServeHTTP(response, request)
		})
		require.Equal(t, status, response.Code, response.Body)
		for _, statement := range all {
			if !strings.Contains(statement, "pg_notify") { // that is sent by the way, after the commit
				statements = append(statements, statement[:min(len(statement), 40)])
			}
		}
		return statements
	}
	change := []string{
		"BEGIN READ WRITE",
		"SELECT id, version, created_at, updated_",
		"WITH mark AS (INSERT INTO products_impor", // and the UPDATE
		"SELECT clock_timestamp(), coalesce(k.kee", // of the endpoints and the feed
	}
	require.Equal(t, append(change, "COMMIT"), patch("one", http.StatusOK), "nobody listens")

	listen(t, admin.Webhooks())
	require.Equal(t, append(change,
		"SET LOCAL idle_in_transaction_session_ti",
		"INSERT INTO webhook_events (id, happened",
		"INSERT INTO webhook_deliveries (endpoint",
		"COMMIT"), patch("two", http.StatusOK))
	require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM webhook_deliveries`))

	require.Equal(t, []string{
		"BEGIN READ WRITE",
		"SELECT id, version, created_at, updated_",
		"INSERT INTO products_importer_commits (s", // which does nothing where nothing was written
		"COMMIT"}, patch("two", http.StatusOK), "what changes nothing asks for no endpoints")
	require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM webhook_deliveries`))
	require.Equal(t, []string{"BEGIN READ WRITE", "SELECT id, version, created_at, updated_", "ROLLBACK"},
		patch("", http.StatusUnprocessableEntity))
}

// TestDeleteAllInTransaction: within a transaction, too, DeleteAll waits for the server for as long as it may take.
func TestDeleteAllInTransaction(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	db := open(t, url, postgres.Options{RetryFor: -1})
	postgres.SetWritingSilence(db, 300*time.Millisecond)
	create(t, db, "a")
	query(t, url, `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_sleep(1); RETURN OLD; END $$;
		CREATE TRIGGER slow BEFORE DELETE ON products FOR EACH ROW EXECUTE FUNCTION slow()`)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		n, err := db.Products().DeleteAll(ctx)
		require.EqualValues(t, 1, n)
		return err
	}))
}
