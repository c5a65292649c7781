package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/products-importer/products-importer/importer/job"
)

// PutProfile stores a profile.
func (j *Jobs) PutProfile(ctx context.Context, profile job.Profile) (job.Profile, error) {
	err := j.db.do(ctx, func(_ context.Context, t *tx) error {
		before, known := j.profiles[profile.Name]
		if !known && len(j.profiles) >= job.MaxProfiles {
			return job.ErrManyProfiles
		}
		profile.UpdatedAt = j.db.now()
		j.profiles[profile.Name] = ownedProfile(profile)
		t.onRollback(func() {
			if known {
				j.profiles[profile.Name] = before
			} else {
				delete(j.profiles, profile.Name)
			}
		})
		return nil
	})
	if err != nil {
		return job.Profile{}, err
	}
	return profile, nil
}

// ownedProfile makes a profile independent of where it came from.
func ownedProfile(p job.Profile) job.Profile {
	p.Settings = ownedSettings(p.Settings)
	return p
}

// GetProfile returns a profile.
func (j *Jobs) GetProfile(ctx context.Context, name string) (found job.Profile, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		p, known := j.profiles[name]
		if !known {
			return fmt.Errorf("%w: profile %.100q", job.ErrNotFound, name)
		}
		found = ownedProfile(p)
		return nil
	})
	return found, err
}

// FindProfile returns the last profile with the fingerprint.
func (j *Jobs) FindProfile(ctx context.Context, fingerprint string) (found job.Profile, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		for _, p := range j.profiles {
			if p.Fingerprint == fingerprint && fingerprint != "" && (found.Name == "" ||
				cmp.Or(p.UpdatedAt.Compare(found.UpdatedAt), cmp.Compare(p.Name, found.Name)) > 0) {
				found = p
			}
		}
		if found.Name == "" {
			return fmt.Errorf("%w: no profile has the fingerprint %.100q", job.ErrNotFound, fingerprint)
		}
		found = ownedProfile(found)
		return nil
	})
	return found, err
}

// ListProfiles lists profiles.
func (j *Jobs) ListProfiles(ctx context.Context) (all []job.Profile, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		for _, p := range j.profiles {
			all = append(all, ownedProfile(p))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b job.Profile) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// DeleteProfile forgets a profile.
func (j *Jobs) DeleteProfile(ctx context.Context, name string) error {
	return j.db.do(ctx, func(_ context.Context, t *tx) error {
		before, known := j.profiles[name]
		if !known {
			return fmt.Errorf("%w: profile %.100q", job.ErrNotFound, name)
		}
		delete(j.profiles, name)
		t.onRollback(func() { j.profiles[name] = before })
		return nil
	})
}
