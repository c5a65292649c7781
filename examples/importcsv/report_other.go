//go:build !linux

package main

import (
	"errors"
	"os"
)

// createNameless fails: files have names.
func createNameless(string, os.FileMode) (*os.File, error) { return nil, errors.ErrUnsupported }

func name(*os.File, string) error { return errors.ErrUnsupported }
