package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// Bounds of profiles.
const (
	// MaxProfiles is how many there may be.
	MaxProfiles = 1_000
	// MaxProfileName is how many characters a name may have.
	MaxProfileName = 100

	maxProfileBytes = 32 << 10 // of the settings, as JSON
	maxFingerprint  = 1_000    // bytes
)

// ErrManyProfiles: there are as many profiles as there may be.
var ErrManyProfiles = fmt.Errorf("job: there are %d profiles already; delete one", MaxProfiles)

// Profile is settings under a name, kept for files that are read in the same way.
type Profile struct {
	// Name has 1 to 100 printable characters, and no space at its ends.
	Name     string
	Settings Settings
	// Fingerprint stands for the header of the files, empty where it isn't known: two headers have the same columns if
	// their fingerprints are equal. It is opaque here; package importer makes it.
	Fingerprint string
	// UpdatedAt is when the profile was put last, User who did, empty where that isn't known.
	UpdatedAt time.Time
	User      string
}

// ProfileKeeper keeps profiles.
type ProfileKeeper interface {
	// PutProfile stores the profile, instead of the one that had its name, and returns it as stored. It fills in
	// UpdatedAt. ErrManyProfiles where its name is new, and there are MaxProfiles.
	PutProfile(ctx context.Context, profile Profile) (Profile, error)
	// GetProfile returns the profile, or ErrNotFound.
	GetProfile(ctx context.Context, name string) (Profile, error)
	// FindProfile returns the profile with the fingerprint that was put last. ErrNotFound where none has it, and for an
	// empty one.
	FindProfile(ctx context.Context, fingerprint string) (Profile, error)
	// ListProfiles returns all profiles, by their names' code points.
	ListProfiles(ctx context.Context) ([]Profile, error)
	// DeleteProfile forgets the profile, or returns ErrNotFound.
	DeleteProfile(ctx context.Context, name string) error
}

// PutProfile stores the profile as ProfileKeeper does, once its settings are those of an import. A [*SettingsError]
// names the part that is wrong. Of the user's name is kept what is shown, see [Request].
func (s *Service) PutProfile(ctx context.Context, profile Profile) (Profile, error) {
	if err := checkProfileName(profile.Name); err != nil {
		return Profile{}, err
	}
	request := Request{Settings: profile.Settings}
	if err := s.complete(&request); err != nil {
		return Profile{}, err
	}
	profile.Settings.Fields, profile.Settings.Into = nil, "" // those of the catalogue, which changes
	text, err := json.Marshal(profile.Settings)
	if err != nil {
		return Profile{}, err
	}
	if len(text) > maxProfileBytes {
		return Profile{}, &SettingsError{Field: "settings", Message: fmt.Sprintf("they have %d bytes, and may have %d",
			len(text), maxProfileBytes)}
	}
	if len(profile.Fingerprint) > maxFingerprint || !storable(profile.Fingerprint) {
		return Profile{}, errors.New("job: the fingerprint is none")
	}
	profile.User = shown(profile.User)
	return s.store.PutProfile(ctx, profile)
}

// checkProfileName returns a *SettingsError for a name that a profile can't have. Those of one or two points alone have
// a meaning of their own in URLs.
func checkProfileName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxProfileName || printable(name) != name ||
		strings.TrimSpace(name) != name || name == "." || name == ".." {
		return &SettingsError{Field: "name", Message: fmt.Sprintf(
			"want 1 to %d printable characters without a space at either end, not %q", MaxProfileName,
			products.Shorten(name))}
	}
	return nil
}

// GetProfile returns the profile, or ErrNotFound.
func (s *Service) GetProfile(ctx context.Context, name string) (Profile, error) {
	if checkProfileName(name) != nil {
		return Profile{}, ErrNotFound
	}
	return s.store.GetProfile(ctx, name)
}

// FindProfile returns the profile with the fingerprint that was put last, or ErrNotFound.
func (s *Service) FindProfile(ctx context.Context, fingerprint string) (Profile, error) {
	return s.store.FindProfile(ctx, fingerprint)
}

// ListProfiles returns all profiles, by their names' code points.
func (s *Service) ListProfiles(ctx context.Context) ([]Profile, error) {
	return s.store.ListProfiles(ctx)
}

// DeleteProfile forgets the profile, or returns ErrNotFound. What was imported with it stays as it is.
func (s *Service) DeleteProfile(ctx context.Context, name string) error {
	if checkProfileName(name) != nil {
		return ErrNotFound
	}
	return s.store.DeleteProfile(ctx, name)
}
