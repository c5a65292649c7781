package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/products-importer/products-importer/importer/job"
)

// profileColumns are those that scanProfile reads.
const profileColumns = `name, settings, fingerprint, updated_at, kept_by`

func scanProfile(from interface{ Scan(...any) error }) (p job.Profile, err error) {
	err = from.Scan(&p.Name, jsonIn{&p.Settings}, &p.Fingerprint, timeIn{&p.UpdatedAt}, &p.User)
	return p, err
}

// PutProfile stores a profile.
func (j *Jobs) PutProfile(ctx context.Context, profile job.Profile) (job.Profile, error) {
	texts, err := marshal(profile.Settings)
	if err != nil {
		return job.Profile{}, err
	}
	err = j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		profile.UpdatedAt = j.db.now()
		stored, err := t.changes(ctx, `INSERT INTO import_profiles (name, settings, fingerprint, updated_at, kept_by)
			SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM import_profiles WHERE name = ?1)
				OR (SELECT count(*) FROM import_profiles) < ?6
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, fingerprint = excluded.fingerprint,
				updated_at = excluded.updated_at, kept_by = excluded.kept_by`, profile.Name, texts[0], profile.Fingerprint,
			profile.UpdatedAt.UnixMicro(), profile.User, job.MaxProfiles)
		if err == nil && !stored {
			err = job.ErrManyProfiles
		}
		return err
	})
	if err != nil {
		return job.Profile{}, err
	}
	return profile, nil
}

// GetProfile returns a profile.
func (j *Jobs) GetProfile(ctx context.Context, name string) (job.Profile, error) {
	return j.profile(ctx, `name = ?`, name)
}

// FindProfile returns the last profile with the fingerprint.
func (j *Jobs) FindProfile(ctx context.Context, fingerprint string) (job.Profile, error) {
	return j.profile(ctx, `fingerprint = ? AND fingerprint <> '' ORDER BY updated_at DESC, name DESC LIMIT 1`,
		fingerprint)
}

// profile reads the profile for which the condition is true, or returns ErrNotFound.
func (j *Jobs) profile(ctx context.Context, where, arg string) (p job.Profile, err error) {
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
		p, err = scanProfile(q.QueryRowxContext(ctx, `SELECT `+profileColumns+` FROM import_profiles WHERE `+where, arg))
		if errors.Is(err, sql.ErrNoRows) {
			err = noProfile(arg)
		}
		return err
	})
	return p, err
}

func noProfile(what string) error { return fmt.Errorf("%w: profile %.100q", job.ErrNotFound, what) }

// ListProfiles lists profiles.
func (j *Jobs) ListProfiles(ctx context.Context) (all []job.Profile, err error) {
	err = j.db.read(ctx, func(ctx context.Context, q querier) error {
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
	return all, err
}

// DeleteProfile forgets a profile.
func (j *Jobs) DeleteProfile(ctx context.Context, name string) error {
	return j.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		known, err := t.changes(ctx, `DELETE FROM import_profiles WHERE name = ?`, name)
		if err == nil && !known {
			err = noProfile(name)
		}
		return err
	})
}
