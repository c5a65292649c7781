// Compiles type-checks every package of the module in the current folder, its tests included, for the operating systems
// that it is given. Everything is read from source: to compile dependencies first, as go vet does, takes minutes.
package main

import (
	"fmt"
	"os"

	"golang.org/x/tools/go/packages"
)

func main() {
	wrong := 0
	for _, system := range os.Args[1:] {
		all, err := packages.Load(&packages.Config{Tests: true,
			Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
				packages.NeedDeps | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax,
			Env: append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")}, "./...")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		n := packages.PrintErrors(all)
		fmt.Printf("%s: %d packages, %d errors\n", system, len(all), n)
		wrong += n
	}
	if wrong > 0 {
		os.Exit(1)
	}
}
