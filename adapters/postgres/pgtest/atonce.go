package pgtest

import (
	"flag"
	"strconv"
)

// AtOnce has go test run so many parallel tests at a time, unless its flag -parallel says how many. As many as there
// are processors, its default, are too few where tests wait for a server or for processes most of the time, and on a
// large machine too many for the connections of one PostgreSQL. It is for TestMain.
func AtOnce(tests int) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if said {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(tests)); err != nil {
		panic(err) // there is no such flag outside of tests
	}
}
