package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// openUsers returns those who may log in: the one of ADMIN_USER, and those of the file.
func openUsers(s *settings, logger *slog.Logger) (basicauth.Users, error) {
	var all []basicauth.Users
	if s.password != "" {
		hash, err := basicauth.StablePasswordHash(s.user, s.password) // other servers take its sessions
		if err != nil {
			return nil, err
		}
		admin, err := basicauth.NewStaticUsers(map[string]string{s.user: hash})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.named("admin-user"), err)
		}
		all = append(all, admin)
	}
	if s.usersFile != "" {
		file, err := basicauth.OpenHtpasswd(s.usersFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.named("users"), err)
		}
		all = append(all, &fileUsers{Htpasswd: file, logger: logger})
	}
	return basicauth.JoinUsers(all...)
}

// fileUsers are those of a file. They say in the log when it can't be read any more, and when it can again.
type fileUsers struct {
	*basicauth.Htpasswd
	logger *slog.Logger

	mu      sync.Mutex
	trouble string
}

// Account returns the user's account.
func (u *fileUsers) Account(ctx context.Context, user string) (basicauth.Account, error) {
	a, err := u.Htpasswd.Account(ctx, user)
	var trouble string
	if failed := u.Err(); failed != nil {
		trouble = failed.Error()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case trouble == u.trouble:
	case trouble == "":
		u.logger.Info("the file of users is read again")
	default:
		u.logger.Error("the file of users can't be read: they stay as they were", "error", trouble)
	}
	u.trouble = trouble
	return a, err
}
