package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/examples/envflags"
)

const userUsage = `Usage: server user [flags] NAME < PASSWORD

Reads a password from the standard input, up to the end of its line, and prints the line of the user for a file of
users (server -users FILE), or writes it into that file, in the place of the user's old one. A running server takes it
within a second. Roles are admin, editor (products and imports), importer (imports alone) and viewer.

  read -rs PASSWORD && echo "$PASSWORD" | server user -role editor -file users.txt ann

`

// user is the command user.
type user struct {
	stdin io.Reader
	name  string
	role  basicauth.Role
	file  string
}

func (u *user) add(flags *envflags.Set) {
	flags.TextVar(&u.role, "role", basicauth.Viewer, "the `role` says what the user may do: admin, editor, importer or viewer")
	flags.StringVar(&u.file, "file", "", "the `FILE` to write the line into; without it, the line is printed")
}

func (u *user) check(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("name one user, not %d", len(arguments))
	}
	u.name = arguments[0]
	return nil
}

func (u *user) run(_ context.Context, stdout io.Writer) error {
	const most = 64 << 10 // what is longer is no password anyway
	input, err := io.ReadAll(io.LimitReader(u.stdin, most))
	if err != nil {
		return err
	}
	password, _, _ := bytes.Cut(input, []byte("\n"))
	hash, err := basicauth.HashPassword(strings.TrimSuffix(string(password), "\r"))
	if err != nil {
		return fmt.Errorf("the standard input has no password: %w", err)
	}
	line, err := basicauth.FormatHtpasswdLine(u.name, basicauth.Account{PasswordHash: hash, Role: u.role})
	if err != nil {
		return err
	}
	if u.file == "" {
		fmt.Fprintln(stdout, line)
		return nil
	}
	if err := u.write(line); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s has the role %s in %s\n", u.name, u.role, u.file)
	return nil
}

// write writes the user's line into the file, which has the old lines or the new ones at every moment.
func (u *user) write(line string) error {
	mode := os.FileMode(0o600)
	old, err := os.ReadFile(u.file)
	switch info, failed := os.Stat(u.file); {
	case err == nil && failed == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, os.ErrNotExist):
		return errors.Join(err, failed)
	}
	var lines []string
	written := false
	for before := range strings.Lines(string(old)) {
		before = strings.TrimRight(before, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(before), u.name+":") {
			if written {
				continue
			}
			before, written = line, true
		}
		lines = append(lines, before)
	}
	if !written {
		lines = append(lines, line)
	}
	f, err := os.CreateTemp(filepath.Dir(u.file), ".users-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is there no more where all went well
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if _, err := basicauth.OpenHtpasswd(f.Name()); err != nil {
		return fmt.Errorf("%s has other lines that a server wouldn't read: %w", u.file, err)
	}
	return os.Rename(f.Name(), u.file)
}
