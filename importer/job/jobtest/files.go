package jobtest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// sameBytes is the checksum of the files in these cases, which are 7 bytes long where nothing else is said.
const sameBytes = "5a5e"

// sent stores a job of a new file with the same bytes.
func (c *check) sent(upload string) job.Job {
	c.Helper()
	return c.submit(job.Job{Upload: upload, Size: 7, SHA256: sameBytes})
}

// stands stores an upload with the same bytes.
func (c *check) stands(id string) job.Upload {
	c.Helper()
	stored, err := c.CreateUpload(c.Context(), job.Upload{ID: id, Size: 7, SHA256: sameBytes})
	require.NoError(c, err, "a new upload is stored")
	return stored
}

// expire ends the job and deletes it.
func (c *check) expire(j job.Job) {
	c.Helper()
	_, err := c.Cancel(c.Context(), j.ID)
	require.NoError(c, err)
	gone, err := c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
	require.NoError(c, err)
	require.Len(c, gone, 1)
	require.Equal(c, j.File, gone[0].File, "the expired job names its file")
}

var fileCases = []StoreCase{
	{Name: "files/the same bytes have one file", run: func(c *check) {
		first := c.sent("a")
		require.Equal(c, "a", first.File, "the first job with its bytes has a file of its own")
		second := c.sent("b")
		require.Equal(c, "b", second.Upload, "every job has an upload of its own")
		require.Equal(c, "a", second.File, "a job has the file of an earlier one with the same bytes")
		c.same(second, c.get(second.ID), "what is returned is what is stored")
		upload := c.stands("c")
		require.Equal(c, "a", upload.File, "an upload has the file of an earlier job with the same bytes")
		require.Equal(c, plainUpload(upload), plainUpload(c.upload("c")), "what is returned is what is stored")
		require.Equal(c, "a", c.stands("d").File, "an upload has the file of another one with the same bytes")
		from := c.from("c")
		require.Equal(c, []string{"c", "a"}, []string{from.Upload, from.File}, "a job has the file of its upload")
		again := c.from("b")
		require.Equal(c, []string{"b", "a"}, []string{again.Upload, again.File}, "a job has the file of its upload")
		for _, id := range []string{"a", "b", "c", "d"} {
			file, err := c.FileOf(c.Context(), id)
			require.NoError(c, err)
			require.Equal(c, "a", file, "the file of an upload is found, and of a job's")
			c.inUse(id, id == "a", "files are in use, and not uploads that have others")
		}
	}},
	{Name: "files/other bytes have others", run: func(c *check) {
		c.sent("a")
		for i, j := range []job.Job{{Size: 8, SHA256: sameBytes}, {Size: 7, SHA256: "07"}, {Size: 7}, {Size: 7}} {
			j.Upload = "other-" + string(rune('a'+i))
			require.Equal(c, j.Upload, c.submit(j).File, "size and checksum say whether bytes are the same")
			stored, err := c.CreateUpload(c.Context(), job.Upload{ID: "stands-" + j.Upload, Size: j.Size,
				SHA256: j.SHA256})
			require.NoError(c, err)
			require.Equal(c, j.SHA256 != "", stored.File == j.Upload, "size and checksum say whether bytes are the same")
		}
	}},
	{Name: "files/kept until nobody has them", run: func(c *check) {
		first := c.sent("a")
		c.stands("b")
		c.expire(first)
		c.inUse("a", true, "a file outlives the job that sent it")
		second := c.sent("c")
		require.Equal(c, "a", second.File, "a file is found by whoever has it")
		require.NoError(c, c.DeleteUpload(c.Context(), "b"), "an upload is deleted while a job of another one has its bytes")
		c.inUse("a", true, "a file outlives an upload that has it")
		c.expire(second)
		c.inUse("a", false, "a file that nobody has is not in use")
		require.Equal(c, "d", c.sent("d").File, "what is not in use is not used again")
	}},
	{Name: "files/expired with their uploads", run: func(c *check) {
		c.stands("a")
		c.stands("b")
		var files []string
		c.Eventually("uploads expire", func() bool {
			some, err := c.ExpireUploads(c.Context(), 0, 10)
			require.NoError(c, err)
			files = append(files, some...)
			return len(files) == 2
		})
		require.Equal(c, []string{"a", "a"}, files, "the file of each upload is returned")
	}},
	{Name: "files/bytes that are gone", run: func(c *check) {
		first, second, other := c.sent("a"), c.sent("b"), c.submit(job.Job{Upload: "other"})
		c.stands("c")
		require.NoError(c, c.DropUpload(c.Context(), second.ID))
		for _, id := range []string{first.ID, second.ID} {
			after := c.get(id)
			require.Empty(c, after.Upload+after.File, "no job has a file that is gone, whoever sent it")
		}
		_, err := c.GetUpload(c.Context(), "c")
		require.ErrorIs(c, err, job.ErrNotFound, "an upload whose bytes are gone is forgotten, whoever sent them")
		require.Equal(c, "other", c.get(other.ID).File, "other files stay")
		require.Equal(c, "d", c.sent("d").File, "bytes that are gone are nobody's")
	}},
	{Name: "files/moved", run: func(c *check) {
		first, second, other := c.sent("a"), c.sent("b"), c.submit(job.Job{Upload: "other"})
		c.stands("c")
		moved, err := c.MoveFile(c.Context(), "a", "b")
		require.NoError(c, err)
		require.True(c, moved, "it is reported that somebody had the file")
		for _, id := range []string{first.ID, second.ID} {
			require.Equal(c, "b", c.get(id).File, "every job gets the other file")
		}
		require.Equal(c, "a", c.get(first.ID).Upload, "its upload is what it was")
		require.Equal(c, "b", c.upload("c").File, "every upload gets the other file")
		require.Equal(c, "other", c.get(other.ID).File, "other files stay")
		c.inUse("a", false, "what was moved is not in use")
		c.inUse("b", true, "what it was moved to is in use")
		require.Equal(c, "b", c.sent("e").File, "the other file is found")
		for _, nobodys := range []string{"a", "nobodys", ""} {
			moved, err = c.MoveFile(c.Context(), nobodys, "x")
			require.NoError(c, err)
			require.False(c, moved, "nobody has the file %q", nobodys)
		}
	}},
	{Name: "files/sent at the same time", run: func(c *check) {
		files := make([]string, 8)
		c.Together(len(files), "the same bytes come several times", func(ctx context.Context, i int) error {
			id := "sent-" + string(rune('a'+i))
			if i%2 == 0 {
				j, err := c.Create(ctx, job.Job{Upload: id, Size: 7, SHA256: sameBytes})
				files[i] = j.File
				return err
			}
			u, err := c.CreateUpload(ctx, job.Upload{ID: id, Size: 7, SHA256: sameBytes})
			files[i] = u.File
			return err
		})
		for _, file := range files {
			require.Equal(c, files[0], file, "bytes that come several times at the same time have one file")
		}
	}},
	{Name: "files/sent while the last job with them expires", run: func(c *check) {
		for range 10 {
			first := c.submit(job.Job{Upload: c.fresh(), Size: 7, SHA256: sameBytes})
			_, err := c.Cancel(c.Context(), first.ID)
			require.NoError(c, err)
			var second job.Job
			c.Together(2, "a file is sent, or expires", func(ctx context.Context, i int) (err error) {
				if i == 0 {
					_, err = c.Expire(ctx, time.Now().Add(24*time.Hour), 10)
				} else {
					second, err = c.Create(ctx, job.Job{Upload: c.fresh(), Size: 7, SHA256: sameBytes})
				}
				if errors.Is(err, job.ErrNotFound) {
					err = nil
				}
				return err
			})
			c.inUse(second.File, true, "the file of a job is in use")
			_, err = c.Cancel(c.Context(), second.ID)
			require.NoError(c, err)
			_, err = c.Expire(c.Context(), time.Now().Add(24*time.Hour), 10)
			require.NoError(c, err)
			c.inUse(first.File, false, "a file that nobody has is not in use")
		}
	}},
}
