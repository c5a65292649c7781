package postgres

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// profileColumns are those that scanProfile reads.
const profileColumns = `name, settings, fingerprint, updated_at, kept_by`

func scanProfile(from interface{ Scan(...any) error }) (p job.Profile, err error) {
	err = from.Scan(&p.Name, document{&p.Settings}, &p.Fingerprint, &p.UpdatedAt, &p.User)
	p.UpdatedAt = p.UpdatedAt.UTC()
	return p, err
}

// PutProfile stores a profile. Others that store one wait, so that no two of them are the last that there is room for.
func (j *Jobs) PutProfile(ctx context.Context, profile job.Profile) (job.Profile, error) {
	profile.User = clean(profile.User)
	settings, err := marshal(profile.Settings)
	if err != nil {
		return job.Profile{}, err
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		if _, err := t.ExecContext(ctx, `LOCK TABLE import_profiles IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		var room bool
		if err := t.GetContext(ctx, &room, `SELECT count(*) < $2 OR coalesce(bool_or(name = $1), false)
			FROM import_profiles`, profile.Name, job.MaxProfiles); err != nil {
			return err
		}
		if !room {
			return job.ErrManyProfiles
		}
		var now time.Time
		if err := t.GetContext(ctx, &now, `SELECT clock_timestamp()`); err != nil {
			return err
		}
		profile.UpdatedAt = now.UTC()
		_, err := t.ExecContext(ctx, `INSERT INTO import_profiles (name, settings, fingerprint, updated_at, kept_by)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, fingerprint = excluded.fingerprint,
				updated_at = excluded.updated_at, kept_by = excluded.kept_by`, profile.Name, settings,
			profile.Fingerprint, profile.UpdatedAt, profile.User)
		return err
	})
	if err != nil {
		return job.Profile{}, fail(ctx, err, job.ErrNotFound)
	}
	return profile, nil
}

// RestoreProfile stores a profile of another database as it was there, with its time. An error for a name that is in
// use.
func (j *Jobs) RestoreProfile(ctx context.Context, profile job.Profile) error {
	settings, err := marshal(profile.Settings)
	if err != nil {
		return err
	}
	err = j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, `INSERT INTO import_profiles (name, settings, fingerprint, updated_at, kept_by)
			VALUES ($1, $2, $3, $4, $5)`, profile.Name, settings, profile.Fingerprint, profile.UpdatedAt, profile.User)
		return err
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}

// GetProfile returns a profile.
func (j *Jobs) GetProfile(ctx context.Context, name string) (job.Profile, error) {
	return j.profile(ctx, `name = $1`, name)
}

// FindProfile returns the last profile with the fingerprint.
func (j *Jobs) FindProfile(ctx context.Context, fingerprint string) (job.Profile, error) {
	return j.profile(ctx, `fingerprint = $1 AND fingerprint <> '' ORDER BY updated_at DESC, name DESC LIMIT 1`,
		fingerprint)
}

// profile reads the profile for which the condition is true, or returns ErrNotFound.
func (j *Jobs) profile(ctx context.Context, where, arg string) (p job.Profile, err error) {
	if clean(arg) != arg {
		return p, job.ErrNotFound
	}
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		p, err = scanProfile(q.QueryRowxContext(ctx, `SELECT `+profileColumns+` FROM import_profiles WHERE `+where, arg))
		return err
	})
	if err != nil {
		return job.Profile{}, fail(ctx, err, job.ErrNotFound)
	}
	return p, nil
}

// ListProfiles lists profiles.
func (j *Jobs) ListProfiles(ctx context.Context) (all []job.Profile, err error) {
	err = j.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		all = nil
		rows, err := q.QueryxContext(ctx, `SELECT `+profileColumns+` FROM import_profiles ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p, err := scanProfile(rows)
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fail(ctx, err, job.ErrNotFound)
	}
	return all, nil
}

// DeleteProfile forgets a profile.
func (j *Jobs) DeleteProfile(ctx context.Context, name string) error {
	if clean(name) != name {
		return job.ErrNotFound
	}
	var known bool
	err := j.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		return t.GetContext(ctx, &known, `DELETE FROM import_profiles WHERE name = $1 RETURNING true`, name)
	})
	if err != nil {
		return fail(ctx, err, job.ErrNotFound)
	}
	return nil
}
