package jobtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// profile is one with everything that its keeper says.
var profile = job.Profile{Name: "Möbel \"2\" /Ä", Fingerprint: "f-1", User: "Jürgen", Settings: job.Settings{
	Mode: products.Update, Delimiter: "tab", Map: map[string]string{"sku": "Réf \"1\""},
	Set: map[string]string{"description": ""}, Number: map[string]string{"price": ","},
	Date: map[string]string{"from": "dmy"}, Zone: "Europe/Berlin", MaxRejects: "2.5%"}}

// put stores a profile that must be accepted.
func (c *check) put(p job.Profile) job.Profile {
	c.Helper()
	stored, err := c.PutProfile(c.Context(), p)
	require.NoError(c, err, "a profile is stored")
	return stored
}

// sameProfile compares profiles; times are compared as moments.
func (c *check) sameProfile(want, got job.Profile, promise string) {
	c.Helper()
	want.UpdatedAt, got.UpdatedAt = want.UpdatedAt.UTC().Truncate(time.Microsecond),
		got.UpdatedAt.UTC().Truncate(time.Microsecond)
	require.Equal(c, want, got, promise)
}

// profiles are the names of those that are listed.
func (c *check) profiles() (names []string) {
	c.Helper()
	all, err := c.ListProfiles(c.Context())
	require.NoError(c, err, "the profiles are listed")
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

var profileCases = []StoreCase{
	{Name: "profile/stores what its keeper says", run: func(c *check) {
		given := profile
		given.UpdatedAt = time.Unix(1, 0)
		stored := c.put(given)
		require.Less(c, time.Since(stored.UpdatedAt).Abs(), time.Hour, "UpdatedAt is filled in")
		want := profile
		want.UpdatedAt = stored.UpdatedAt
		c.sameProfile(want, stored, "a profile is stored as it was given")
		got, err := c.GetProfile(c.Context(), profile.Name)
		require.NoError(c, err, "a profile is found by its name")
		c.sameProfile(stored, got, "what is returned is what is stored")
		for _, name := range []string{"", "möbel \"2\" /ä", "no such", "\x00", "\xff"} {
			_, err := c.GetProfile(c.Context(), name)
			require.ErrorIs(c, err, job.ErrNotFound, "no profile has the name %q", name)
			require.ErrorIs(c, c.DeleteProfile(c.Context(), name), job.ErrNotFound, "no profile has the name %q", name)
		}
	}},
	{Name: "profile/replaced", run: func(c *check) {
		first := c.put(profile)
		c.later(first.UpdatedAt)
		second := c.put(job.Profile{Name: profile.Name, User: "other", Settings: job.Settings{DryRun: true}})
		require.True(c, second.UpdatedAt.After(first.UpdatedAt), "UpdatedAt is when the profile was put last")
		got, err := c.GetProfile(c.Context(), profile.Name)
		require.NoError(c, err)
		c.sameProfile(second, got, "nothing of a profile outlives its replacement")
		_, err = c.FindProfile(c.Context(), profile.Fingerprint)
		require.ErrorIs(c, err, job.ErrNotFound, "nothing of a profile outlives its replacement")
		require.Equal(c, []string{profile.Name}, c.profiles(), "a profile is replaced by one with its name")
	}},
	{Name: "profile/listed by name", run: func(c *check) {
		require.Empty(c, c.profiles(), "there are no profiles at first")
		names := []string{"b", "ä", "B", "a b", "a", "Ω", "10", "9", "a-b"}
		for _, name := range names {
			c.put(job.Profile{Name: name, Settings: job.Settings{Group: name}})
		}
		slices.Sort(names)
		require.Equal(c, names, c.profiles(), "profiles are listed by their names")
		all, err := c.ListProfiles(c.Context())
		require.NoError(c, err)
		for _, p := range all {
			require.Equal(c, p.Name, p.Settings.Group, "profiles are listed with their settings")
		}
		require.NoError(c, c.DeleteProfile(c.Context(), "ä"))
		require.NotContains(c, c.profiles(), "ä", "a profile that was deleted is gone")
		require.ErrorIs(c, c.DeleteProfile(c.Context(), "ä"), job.ErrNotFound, "a profile that was deleted is gone")
	}},
	{Name: "profile/found by fingerprint", run: func(c *check) {
		for _, name := range []string{"c", "a", "b"} {
			c.later(c.put(job.Profile{Name: name, Fingerprint: "f-1"}).UpdatedAt)
		}
		c.put(job.Profile{Name: "without"})
		c.put(job.Profile{Name: "other", Fingerprint: "f-2"})
		found, err := c.FindProfile(c.Context(), "f-1")
		require.NoError(c, err, "a profile is found by its fingerprint")
		require.Equal(c, "b", found.Name, "of several profiles the one that was put last is found")
		c.later(c.put(job.Profile{Name: "c", Fingerprint: "f-1", User: "u"}).UpdatedAt)
		found, err = c.FindProfile(c.Context(), "f-1")
		require.NoError(c, err)
		require.Equal(c, "c", found.Name, "of several profiles the one that was put last is found")
		require.Equal(c, "u", found.User, "a profile is found whole")
		for _, none := range []string{"", "F-1", "f", "\x00"} {
			_, err := c.FindProfile(c.Context(), none)
			require.ErrorIs(c, err, job.ErrNotFound, "no profile has the fingerprint %q", none)
		}
	}},
	{Name: "profile/bounded", run: func(c *check) {
		name := func(i int) string { return fmt.Sprintf("p-%04d", i) }
		for i := range job.MaxProfiles - 3 {
			c.put(job.Profile{Name: name(i)})
		}
		refused := make([]bool, 8)
		c.Together(len(refused), "a profile is stored, or there are too many", func(ctx context.Context, i int) error {
			_, err := c.PutProfile(ctx, job.Profile{Name: fmt.Sprint("more-", i)})
			if refused[i] = err != nil; refused[i] {
				require.ErrorIs(c, err, job.ErrManyProfiles, "what there is no room for gives ErrManyProfiles")
			}
			return nil
		})
		require.Len(c, c.profiles(), job.MaxProfiles, "there are never more profiles than may be")
		c.put(job.Profile{Name: name(7), User: "again"})
		require.NoError(c, c.DeleteProfile(c.Context(), name(8)))
		c.put(job.Profile{Name: "in its place"})
	}},
	{Name: "profile/belongs to the caller", run: func(c *check) {
		given := profile
		given.Settings.Map = map[string]string{"sku": "a"}
		stored := c.put(given)
		given.Settings.Map["sku"] = "changed"
		stored.Settings.Map["name"] = "changed"
		got, err := c.GetProfile(c.Context(), profile.Name)
		require.NoError(c, err)
		require.Equal(c, map[string]string{"sku": "a"}, got.Settings.Map,
			"changing a profile that went in or came out changes nothing stored")
	}},
}
