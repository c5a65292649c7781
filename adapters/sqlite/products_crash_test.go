package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// victim, an environment variable, makes this test binary the process that is killed: it imports into the file that it
// names.
const victim = "SQLITE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		if err := importUntilKilled(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if path := os.Getenv(workerVictim); path != "" {
		if err := workUntil(context.Background(), path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const victimRecords = 60_000

// catalogueOf is a catalogue as a source.
func catalogueOf(records int, variant catalogtest.Variant) importer.Source {
	var file bytes.Buffer
	_, _ = catalogtest.NewReader(records, variant).WriteTo(&file) // a buffer never fails
	return importer.Bytes(file.Bytes())
}

// importUntilKilled imports one catalogue after the other, writes with each batch how many products there are, and says
// when it was committed.
func importUntilKilled(path string) error {
	ctx := context.Background()
	db, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	save := func(ctx context.Context, done importer.Commit) error {
		return db.inTx(ctx, func(ctx context.Context, t *transaction) error {
			_, err := t.ExecContext(ctx, `INSERT INTO products_importer_settings VALUES ('total', ?)
				ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + CAST(excluded.value AS INTEGER)`,
				fmt.Sprint(done.Counts.Created))
			return err
		})
	}
	for i := 0; ; i++ {
		variant := []catalogtest.Variant{catalogtest.Base, catalogtest.HalfNew}[i%2]
		_, err := importer.Run(ctx, catalogueOf(victimRecords, variant), db.Products(), importer.Options{
			Mode: products.Update, BatchRecords: 5_000,
			Checkpoints: importer.Checkpoints{Save: func(ctx context.Context, done importer.Commit) error {
				err := save(ctx, done)
				fmt.Println("batch", done.Batch)
				return err
			}}})
		if err != nil {
			return err
		}
	}
}

// TestKilled kills a process ten times in the middle of an import. What was committed is there as a whole, and the next
// process goes on with the file as it was left, with its -wal and -shm.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	leftBehind := 0
	for round := range 10 {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), victim+"="+path)
		output, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(output)
		for range 1 + round%4 {
			require.True(t, lines.Scan(), "it imports")
			require.Contains(t, lines.Text(), "batch")
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		require.NoError(t, command.Process.Kill())
		require.Error(t, command.Wait(), "it was killed")
		if _, err := os.Stat(path + "-wal"); err == nil {
			leftBehind++
		}
		db, err := Open(t.Context(), path, Options{})
		require.NoError(t, err)
		requireWhole(t, db)
		require.NoError(t, db.Close())
	}
	require.Positive(t, leftBehind, "the file was in use")
}

// requireWhole checks that there is all that was committed, and nothing else.
func requireWhole(t *testing.T, db *DB) {
	t.Helper()
	var problem string
	require.NoError(t, db.readers.Get(&problem, `PRAGMA integrity_check`))
	require.Equal(t, "ok", problem)
	var total, have, keys int
	require.NoError(t, db.readers.Get(&total,
		`SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM products_importer_settings WHERE name = 'total'`))
	require.NoError(t, db.readers.QueryRow(`SELECT count(*), count(DISTINCT sku_key) FROM products`).Scan(&have, &keys))
	require.Equal(t, total, have, "products and what was committed with them")
	require.Equal(t, have, keys)
}

// TestSeveralImports: two processes import into one file, while a third one changes products. All of them get on, and
// each SKU is created once.
func TestSeveralImports(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	const records = 30_000
	var created [2]int64
	var importing sync.WaitGroup
	for i := range created {
		db := openFile(t, path, Options{})
		importing.Go(func() {
			result, err := importer.Run(t.Context(), catalogueOf(records, catalogtest.Base), db.Products(),
				importer.Options{Mode: products.Update, BatchRecords: 3_000})
			if err != nil {
				t.Error(err)
				return
			}
			created[i] = result.Created
		})
	}
	third := openFile(t, path, Options{})
	done := make(chan struct{})
	go func() { importing.Wait(); close(done) }()
	changes := 0
	for running := true; running; changes++ {
		_, err := third.Products().Create(t.Context(), products.Product{SKU: fmt.Sprint("#", changes), Name: "name"})
		require.NoError(t, err)
		select {
		case <-done:
			running = false
		default:
		}
	}
	t.Logf("%d changes meanwhile", changes)
	require.EqualValues(t, catalogtest.Distinct(records), created[0]+created[1])
	page, err := third.Products().List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, catalogtest.Distinct(records)+changes, page.Count)
}
