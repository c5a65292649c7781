package decompress_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/products-importer/products-importer/importer/decompress"
)

// upload is a file as somebody sends it.
func upload() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, "sku,name\nl-1,Lamp\n")
	_ = w.Close()
	return b.Bytes()
}

func ExampleNewReader() {
	r, err := decompress.NewReader(bytes.NewReader(upload()), 1<<30) // or an *os.File, or a request's body
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	fmt.Println(r.Format())
	if _, err := io.Copy(os.Stdout, r); err != nil {
		fmt.Println(err)
	}
	// Output:
	// gzip
	// sku,name
	// l-1,Lamp
}

// What is wrong with a file shows while it is read, and is no trouble with reading.
func ExampleReader_Read() {
	file := upload()
	r, err := decompress.NewReader(bytes.NewReader(file[:len(file)-5]), 1<<30)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	fmt.Println(errors.Is(err, decompress.ErrInput), err)
	// Output:
	// true the file cannot be imported: its gzip compression ends too early: the file is cut off
}
