// Package openapi pins the program that makes Go of the OpenAPI document in a test, and what the code that it makes
// imports. It is a module of its own, for nobody else needs either.
package openapi

import (
	_ "github.com/oapi-codegen/runtime"
	_ "github.com/oapi-codegen/runtime/types"
)
