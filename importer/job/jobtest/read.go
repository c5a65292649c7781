package jobtest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

var readCases = []StoreCase{
	{Name: "read/dialects of one job alone", run: func(c *check) {
		j := c.end(c.claim(c.submit(job.Job{})), job.Success, "", fullUpdate())
		require.NotNil(c, c.get(j.ID).Dialect, "Get returns the dialect")
		listed, _, err := c.List(c.Context(), job.Query{Limit: 10})
		require.NoError(c, err)
		many, err := c.GetMany(c.Context(), []string{j.ID})
		require.NoError(c, err)
		gone, err := c.Expire(c.Context(), time.Now().Add(time.Hour), 10)
		require.NoError(c, err)
		for name, got := range map[string][]job.Job{"List": listed, "GetMany": many, "Expire": gone} {
			require.Len(c, got, 1)
			require.Nil(c, got[0].Dialect, "%s returns jobs without their dialects", name)
			got[0].Dialect = j.Dialect
			c.same(j, got[0], name+" returns all else")
		}
	}},
	{Name: "read/what updates store has bounds", run: func(c *check) {
		claim := c.claim(c.submit(job.Job{}))
		large := fullUpdate()
		for i := range 16_000 {
			large.Dialect.Columns = append(large.Dialect.Columns,
				importer.Column{Number: i + 3, Name: strings.Repeat("x", 60)})
		}
		long := strings.Repeat("ü", 100_000)
		c.renew(claim, large)
		for _, got := range []job.Job{c.get(claim.Job.ID), c.end(claim, job.Failure, long, large)} {
			text, err := json.Marshal(got.Dialect)
			require.NoError(c, err)
			require.LessOrEqual(c, len(text), driver.MaxDialect+driver.MaxDialect/8, "a stored dialect has a bound")
			require.Equal(c, len(large.Dialect.Columns), len(got.Dialect.Columns)+got.Dialect.MoreColumns,
				"the number of columns is kept")
			require.Equal(c, large.Dialect.Columns[0], got.Dialect.Columns[0], "the first columns are stored")
			require.LessOrEqual(c, utf8.RuneCountInString(got.Error), driver.MaxError, "an error has a bound")
		}
		require.NotEmpty(c, c.get(claim.Job.ID).Error)
	}},
	{Name: "read/not found", run: func(c *check) {
		c.submit(whole)
		for _, id := range []string{"", "no-uuid", "01890000-0000-7000-8000-000000000000"} {
			_, err := c.Get(c.Context(), id)
			require.ErrorIs(c, err, job.ErrNotFound, "no job has the ID %q", id)
		}
		for _, key := range []string{"", "KEY-1", "key"} {
			_, err := c.ByKey(c.Context(), key)
			require.ErrorIs(c, err, job.ErrNotFound, "no job has the key %q", key)
		}
	}},
	{Name: "read/many", run: func(c *check) {
		jobs := c.some(3)
		many, err := c.GetMany(c.Context(), []string{jobs[2].ID, "no-uuid", jobs[0].ID,
			"01890000-0000-7000-8000-000000000000", jobs[2].ID})
		require.NoError(c, err, "IDs without a job are no error")
		require.ElementsMatch(c, []string{jobs[0].ID, jobs[2].ID}, ids(many),
			"GetMany returns those of the jobs that exist, once")
		for _, got := range many {
			c.same(c.get(got.ID), got, "GetMany returns what Get does")
		}
		many, err = c.GetMany(c.Context(), nil)
		require.NoError(c, err)
		require.Empty(c, many, "no jobs for no IDs")
	}},
	{Name: "read/list, newest first", run: func(c *check) {
		jobs := c.some(5)
		slices.Reverse(jobs)
		want := ids(jobs)
		for _, page := range []struct{ limit, offset int }{{10, 0}, {5, 0}, {2, 0}, {2, 2}, {2, 4}, {1_000, 3}, {3, 5},
			{3, 99}} {
			got, count, err := c.List(c.Context(), job.Query{Limit: page.limit, Offset: page.offset})
			require.NoError(c, err)
			from := min(page.offset, 5)
			require.Equal(c, want[from:min(from+page.limit, 5)], ids(got), "jobs %d to %d, newest first", page.offset,
				page.offset+page.limit)
			require.EqualValues(c, 5, count, "the count is that of all jobs")
		}
		for _, page := range []struct{ limit, offset int }{{0, 0}, {-1, 0}, {1_001, 0}, {1, -1}} {
			_, _, err := c.List(c.Context(), job.Query{Limit: page.limit, Offset: page.offset})
			require.Error(c, err, "a limit of %d with an offset of %d is an error", page.limit, page.offset)
		}
	}},
	{Name: "read/list by state", run: func(c *check) {
		jobs := c.some(4)
		c.end(c.claim(jobs[0]), job.Success, "", nil)
		c.end(c.claim(jobs[1]), job.Failure, "bad", nil)
		c.claim(jobs[2])
		for _, test := range []struct {
			states []job.State
			want   []int
		}{
			{nil, []int{3, 2, 1, 0}},
			{[]job.State{job.Pending}, []int{3}},
			{[]job.State{job.Started}, []int{2}},
			{[]job.State{job.Success, job.Failure}, []int{1, 0}},
			{[]job.State{job.Revoked}, nil},
			{[]job.State{job.Revoked, job.Success, job.Success}, []int{0}},
		} {
			got, count, err := c.List(c.Context(), job.Query{States: test.states, Limit: 10})
			require.NoError(c, err)
			want := []string{}
			for _, i := range test.want {
				want = append(want, jobs[i].ID)
			}
			require.Equal(c, want, ids(got), "only jobs in one of the states %v", test.states)
			require.EqualValues(c, len(want), count, "the count is that of the jobs in one of the states %v",
				test.states)
		}
	}},
	{Name: "read/list by user", run: func(c *check) {
		var jobs []job.Job
		for _, user := range []string{"ann", "Ann", "", "ann b", "ann"} {
			jobs = append(jobs, c.submit(job.Job{User: user}))
		}
		c.claim(jobs[0])
		for _, test := range []struct {
			users  []string
			states []job.State
			want   []int
		}{
			{nil, nil, []int{4, 3, 2, 1, 0}},
			{[]string{"ann"}, nil, []int{4, 0}},
			{[]string{"ann", "ann b", "ann"}, nil, []int{4, 3, 0}},
			{[]string{""}, nil, []int{2}},
			{[]string{"an"}, nil, nil},
			{[]string{"ann%", "ANN", "ann "}, nil, nil},
			{[]string{"ann", "Ann"}, []job.State{job.Started}, []int{0}},
		} {
			got, count, err := c.List(c.Context(), job.Query{Users: test.users, States: test.states, Limit: 10})
			require.NoError(c, err)
			want := []string{}
			for _, i := range test.want {
				want = append(want, jobs[i].ID)
			}
			require.Equal(c, want, ids(got), "only jobs of one of the users %q, in one of the states %v", test.users,
				test.states)
			require.EqualValues(c, len(want), count, "the count is that of the jobs of one of the users %q", test.users)
		}
		page, count, err := c.List(c.Context(), job.Query{Users: []string{"ann"}, Limit: 1, Offset: 1})
		require.NoError(c, err)
		require.Equal(c, []string{jobs[0].ID}, ids(page), "a page of the jobs of one of the users")
		require.EqualValues(c, 2, count)
	}},
	{Name: "read/list undos", run: func(c *check) {
		of, other := c.submit(job.Job{}), c.submit(job.Job{})
		first := c.submit(job.Job{Settings: job.Settings{Undo: of.ID, DryRun: true}})
		c.submit(job.Job{Settings: job.Settings{Undo: other.ID}})
		second := c.submit(job.Job{User: "ann", Settings: job.Settings{Undo: of.ID}})
		got, count, err := c.List(c.Context(), job.Query{Undo: of.ID, Limit: 10})
		require.NoError(c, err)
		require.Equal(c, []string{second.ID, first.ID}, ids(got), "only jobs that undo the one")
		require.EqualValues(c, 2, count, "the count is that of the jobs that undo the one")
		got, _, err = c.List(c.Context(), job.Query{Undo: of.ID, Users: []string{"ann"}, Limit: 10})
		require.NoError(c, err)
		require.Equal(c, []string{second.ID}, ids(got), "both")
		got, _, err = c.List(c.Context(), job.Query{Undo: first.ID, Limit: 10})
		require.NoError(c, err)
		require.Empty(c, got, "none where nothing undoes it")
	}},
	{Name: "read/jobs belong to the caller", run: func(c *check) {
		given := whole
		given.Settings.Map, given.Settings.LeaveOut = map[string]string{"sku": "a"}, []string{"b"}
		stored := c.submit(given)
		given.Settings.Map["sku"] = "changed"
		stored.Settings.Map["name"] = "changed"
		given.Settings.LeaveOut[0], stored.Settings.LeaveOut[0] = "changed", "changed"
		got := c.get(stored.ID).Settings
		require.Equal(c, map[string]string{"sku": "a"}, got.Map,
			"changing a job that went in or came out changes nothing stored")
		require.Equal(c, []string{"b"}, got.LeaveOut, "changing a job that went in or came out changes nothing stored")
	}},
	{Name: "context/one that has ended stops every method", run: func(c *check) {
		claim := c.claim(c.submit(whole))
		before := c.get(claim.Job.ID)
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		id := claim.Job.ID
		for name, call := range map[string]func() error{
			"Create": func() error { _, err := c.Create(ctx, job.Job{}); return err },
			"CreateFrom": func() error {
				_, err := c.CreateFrom(ctx, job.Job{Upload: whole.Upload})
				return err
			},
			"CreateUpload":  func() error { _, err := c.CreateUpload(ctx, standing); return err },
			"GetUpload":     func() error { _, err := c.GetUpload(ctx, standing.ID); return err },
			"UseUpload":     func() error { _, err := c.UseUpload(ctx, standing.ID); return err },
			"DeleteUpload":  func() error { return c.DeleteUpload(ctx, standing.ID) },
			"ExpireUploads": func() error { _, err := c.ExpireUploads(ctx, 0, 1); return err },
			"PutProfile":    func() error { _, err := c.PutProfile(ctx, profile); return err },
			"GetProfile":    func() error { _, err := c.GetProfile(ctx, profile.Name); return err },
			"FindProfile":   func() error { _, err := c.FindProfile(ctx, profile.Fingerprint); return err },
			"ListProfiles":  func() error { _, err := c.ListProfiles(ctx); return err },
			"DeleteProfile": func() error { return c.DeleteProfile(ctx, profile.Name) },
			"Cancel":        func() error { _, err := c.Cancel(ctx, id); return err },
			"Get":           func() error { _, err := c.Get(ctx, id); return err },
			"Refused":       func() error { _, _, err := c.Refused(ctx, id, 0); return err },
			"GetMany":       func() error { _, err := c.GetMany(ctx, []string{id}); return err },
			"ByKey":         func() error { _, err := c.ByKey(ctx, whole.IdempotencyKey); return err },
			"List":          func() error { _, _, err := c.List(ctx, job.Query{Limit: 1}); return err },
			"Claim":         func() error { _, err := c.Claim(ctx, "w", long, 1); return err },
			"Renew":         func() error { _, err := c.Renew(ctx, claim, long, nil); return err },
			"Checkpoint":    func() error { return c.Checkpoint(ctx, claim, commit(1, 1)) },
			"Checkpoints":   func() error { _, err := c.Checkpoints(ctx, claim); return err },
			"Release":       func() error { _, err := c.Release(ctx, claim, false, "", 0); return err },
			"Finish":        func() error { _, err := c.Finish(ctx, claim, job.Success, "", nil); return err },
			"Expire":        func() error { _, err := c.Expire(ctx, time.Now(), 1); return err },
			"DropUpload":    func() error { return c.DropUpload(ctx, id) },
			"FileOf":        func() error { _, err := c.FileOf(ctx, "x"); return err },
			"MoveFile":      func() error { _, err := c.MoveFile(ctx, "x", "y"); return err },
			"UploadsInUse":  func() error { _, err := c.UploadsInUse(ctx, []string{"x"}); return err },
		} {
			require.ErrorIs(c, call(), context.Canceled, "%s returns the error of a context that has ended", name)
		}
		c.same(before, c.get(id), "a method whose context has ended changes nothing")
	}},
}
