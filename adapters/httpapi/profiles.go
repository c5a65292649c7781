package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// profileView is settings under a name.
type profileView struct {
	Name     string       `json:"name"`
	Settings job.Settings `json:"settings"`
	// Fingerprint is that of the header of the files, null where it isn't known.
	Fingerprint *string   `json:"fingerprint"`
	UpdatedAt   time.Time `json:"updated_at"`
	// User put it last.
	User *string `json:"user"`
}

func profileViewOf(p *job.Profile) profileView {
	return profileView{Name: p.Name, Settings: shownSettings(p.Settings), Fingerprint: optional(p.Fingerprint),
		UpdatedAt: p.UpdatedAt, User: optional(p.User)}
}

// profileList is all profiles.
type profileList struct {
	Results []profileView `json:"results"`
}

// Profiles is the handler of GET /profiles/, all settings that are kept under names.
func (a *API) Profiles() http.Handler {
	return resource{profilesPath, methods{http.MethodGet: a.handle(a.listProfiles)}}
}

// Profile is the handler of GET, PUT and DELETE /profiles/{name}.
func (a *API) Profile() http.Handler {
	return resource{profilePath, methods{
		http.MethodGet:    a.handle(a.getProfile),
		http.MethodPut:    a.handle(a.putProfile),
		http.MethodDelete: a.handle(a.deleteProfile),
	}}
}

func (a *API) listProfiles(w http.ResponseWriter, r *http.Request) error {
	if p := readParameters(r); p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	all, err := a.jobs.ListProfiles(ctx)
	if err != nil {
		return err
	}
	list := profileList{make([]profileView, len(all))}
	for i := range all {
		list.Results[i] = profileViewOf(&all[i])
	}
	writeJSON(w, http.StatusOK, "application/json", &list)
	return nil
}

func (a *API) getProfile(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	profile, err := a.profile(ctx, r.PathValue("name"))
	if err != nil {
		return err
	}
	view := profileViewOf(&profile)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

// profile returns the profile, or the problem that there is none.
func (a *API) profile(ctx context.Context, name string) (job.Profile, error) {
	profile, err := a.jobs.GetProfile(ctx, name)
	return profile, profileProblem(err, name)
}

// profileProblem returns the error of a call that was about a profile.
func profileProblem(err error, name string) error {
	if !errors.Is(err, job.ErrNotFound) {
		return err
	}
	p := newProblem(http.StatusNotFound, "not_found", fmt.Sprintf("there is no profile %q", products.Shorten(name)))
	p.cause = err
	return p
}

// putProfile stores a profile. Without an upload it keeps the fingerprint that it had.
func (a *API) putProfile(w http.ResponseWriter, r *http.Request) error {
	profile := job.Profile{Name: r.PathValue("name"), User: asker(r.Context())}
	var changes settingChanges
	var upload *string
	given := false
	err := a.readSettings(w, r, []string{"application/json"}, setters{
		"upload": clearableSetter(&upload),
		settingsName: func(raw json.RawMessage) error {
			if given = raw[0] == '{'; !given {
				return errors.New("an object")
			}
			if err := parseObject(raw, changes.setters()); err != nil {
				return insideSettings(err)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if !given {
		return fieldProblem(http.StatusUnprocessableEntity, settingsName, codeMissing, "settings is missing: an object")
	}
	changes.apply(&profile.Settings)
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	if profile.Fingerprint, err = a.fingerprint(ctx, &profile, upload); err != nil {
		return err
	}
	if profile, err = a.jobs.PutProfile(ctx, profile); err != nil {
		return profileSettingProblem(err)
	}
	view := profileViewOf(&profile)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

// fingerprint returns that of the upload's header, none for an empty upload, and that of the profile as it is stored
// where no upload is given.
func (a *API) fingerprint(ctx context.Context, profile *job.Profile, upload *string) (string, error) {
	switch {
	case upload == nil:
		stored, err := a.jobs.GetProfile(ctx, profile.Name)
		if errors.Is(err, job.ErrNotFound) {
			err = nil
		}
		return stored.Fingerprint, err
	case *upload == "":
		return "", nil
	}
	id, err := uploadID(*upload)
	if err != nil {
		return "", err
	}
	fingerprint, err := a.jobs.Fingerprint(ctx, id, profile.Settings)
	return fingerprint, uploadProblem(profileSettingProblem(err))
}

// profileSettingProblem returns the problem with what is wrong in a profile.
func profileSettingProblem(err error) error {
	var wrong *job.SettingsError
	if errors.As(err, &wrong) && wrong.Field != "name" && wrong.Field != settingsName {
		return newFieldProblem(insideSettings(settingProblem(err)))
	}
	return settingProblem(err)
}

// settingsName is the field of a profile that has the settings.
const settingsName = "settings"

// insideSettings names the fields of a problem as parts of the settings.
func insideSettings(err error) (wrong fieldErrors) {
	for _, e := range problemOf(err).Errors {
		e.Field = settingsName + "." + e.Field
		wrong = append(wrong, e)
	}
	return wrong
}

func (a *API) deleteProfile(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	name := r.PathValue("name")
	if err := a.jobs.DeleteProfile(ctx, name); err != nil {
		return profileProblem(err, name)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
