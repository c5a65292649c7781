package charset_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/products-importer/products-importer/importer/charset"
)

func ExampleNewReader() {
	r, err := charset.NewReader(strings.NewReader("sku,name\n1,Stra\xdfenk\xfcche\n"), charset.Auto)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s%v: %s\n", text, r.Detected().Encoding, r.Detected().Evidence)
	// Output:
	// sku,name
	// 1,Straßenküche
	// windows-1252: not UTF-8, and makes sense as windows-1252, for example "Straßenküche"
}

func ExampleQuestionError() {
	const file = "sku,name\n1,p\xf3\xb3ka\n2,r\xeacznik\n"
	r, err := charset.NewReader(strings.NewReader(file), charset.Auto)
	if err == nil {
		_, err = io.ReadAll(r)
	}
	var question *charset.QuestionError
	if errors.As(err, &question) {
		fmt.Println(question)
		answer := question.Readings[0].Encoding // somebody chose
		if r, err = charset.NewReader(strings.NewReader(file), answer); err == nil {
			text, _ := io.ReadAll(r)
			fmt.Printf("%s", text)
		}
	}
	// Output:
	// the file cannot be imported: it is not UTF-8, and its encoding is not certain; give the one in which this is right: windows-1250: "półka", windows-1252: "pó³ka", ibm850: "p¾│ka"; or save it as UTF-8
	// sku,name
	// 1,półka
	// 2,ręcznik
}

func ExampleDetect() {
	for _, file := range []string{"caf\xe9", "café", "\xff\xfec\x00a\x00", "\xef\xee\xeb\xf3"} {
		found := charset.Detect([]byte(file), true)
		fmt.Printf("%v: %s\n", found.Encoding, found.Evidence)
	}
	// Output:
	// windows-1252: not UTF-8, and makes sense as windows-1252, for example "café"
	// utf-8: its first characters beyond ASCII are valid UTF-8
	// utf-16le: it begins with a byte order mark
	// windows-1252: not UTF-8, and may be in several encodings
}
