package importer

import "github.com/products-importer/products-importer/products"

// Code is why a record was rejected. Codes are stable; Reject.Reason is for people.
type Code string

// The codes of rejected records. The first five, and too_large, are those of [products.FieldError].
const (
	CodeEmpty           Code = products.CodeEmpty        // a field that must not be empty is
	CodeTooLong         Code = products.CodeTooLong      // a field has too many characters
	CodeTooMany         Code = products.CodeTooMany      // too many attributes
	CodeBadCharacter    Code = products.CodeBadCharacter // a field has a NUL in it
	CodeInvalidUTF8     Code = products.CodeInvalidUTF8  // a field is not in the file's encoding, which is UTF-8
	CodeInvalidEncoding Code = "invalid_encoding"        // a field is not in the file's encoding, which is another one
	CodeBadBoolean      Code = "bad_boolean"             // the status is no known word
	CodeMissingColumn   Code = "missing_column"          // the record ends before a column that it should have
	CodeFieldCount      Code = "field_count"             // the record has more or fewer fields than the header
	CodeBadQuote        Code = "bad_quote"               // a quote is out of place, missing or never closed
	CodeRecordTooLong   Code = "record_too_long"         // the record has more bytes than Options.MaxRecordBytes
	CodeNoParent        Code = "no_parent"               // the name is empty, and nothing to inherit it from
	CodeDestroyed       Code = "destroyed"               // the SKU or the name, by a spreadsheet: 4.00638E+12, #N/A
	CodeTooLarge        Code = products.CodeTooLarge     // the product, with what is stored of it, would be too large
)

// The codes of records that a table of one's own refuses: see [products.BatchResult].
const (
	CodeCheck      Code = products.CodeCheck
	CodeForeignKey Code = products.CodeForeignKey
	CodeUnique     Code = products.CodeUnique
	CodeExclusion  Code = products.CodeExclusion
	CodeNotNull    Code = products.CodeNotNull
	CodeRefused    Code = products.CodeRefused
)

// Reject is a record that was not taken, or a damaged stretch of lines that no record could be made of.
type Reject struct {
	// Line and LastLine are the first and last line of it in the file, from 1. Of a record that the store refuses
	// LastLine and Offset aren't known: they are Line and -1.
	Line     int64 `json:"line"`
	LastLine int64 `json:"last_line"`
	// Offset is the first byte of it in the file without its compression, from 0: in the file as it is, if that is in
	// UTF-8; else in what it becomes as UTF-8, without a byte order mark.
	Offset int64 `json:"offset"`
	// Column is the name of the column that is wrong, its number from 1 where it has no name, or empty where the record
	// as a whole is.
	Column string `json:"column,omitempty"`
	Code   Code   `json:"code"`
	// Reason is a sentence that names what is wrong.
	Reason string `json:"reason"`
	// Fields are the record's fields as the file has them, surplus ones too.
	//
	// Of damage it is one field: the lines as they are, at most 64 KiB of them. A line that would be a record if quotes
	// out of place were characters comes as its fields.
	//
	// A record that inherits from one that was not rejected has in its empty fields what it inherits: else that would
	// be lost when it is mended and imported alone. One that the store refuses has it whatever became of the other one.
	Fields []string `json:"-"`
}

// maxDamage bounds what is kept of a damaged stretch.
const maxDamage = 64 << 10
