// Package dialect reads the text files that are called CSV, as people and programs really write them: with commas,
// semicolons, tabs or bars, quotes or apostrophes, doubled or behind backslashes, LF, CRLF or CR, lines before the
// header, and damage.
//
// A [Reader] finds out by the text's beginning how it is cut into records and fields, and says why. Then it yields one
// record after the other, with its lines and its offset. What is broken costs that record, and not the file:
//
//	sep=;                      the delimiter is ; since the first line says so
//	sku;name;price
//	1;Lamp;9,50                line 3: "1" "Lamp" "9,50"
//	2;"Table, ""big""";120     line 4: "2" "Table, \"big\"" "120"
//	3;5" pipe;1                line 5: a quote is out of place or never closed; it seems to be "3" "5\" pipe" "1"
//	4;"Chair;49                line 6: a quote is out of place or never closed
//	5;Desk;99                  line 7: "5" "Desk" "99"
//
// Of two dialects the one is better in which the records agree better: more of them have as many fields as most, and
// fewer lines are damaged. [Detect] returns the dialect of a sample. Where the caller knows names of columns,
// Options.Header, the dialect in which the header has more of them is better, and the header may stand behind other
// lines.
//
// A byte order mark before a quoted field at the beginning of a line is no part of the record: there files were put
// together. A formula like ="00123" is a field with these characters, though its quotes stand in the middle.
//
// Empty lines are passed over, the last line may lack its line end, and records may have more or fewer fields than the
// first: that is for the caller to judge. Package charset is for other encodings than UTF-8 and for byte order marks,
// package decompress for compressed files.
//
// Where encoding/csv reads a text without an error, the records are the same, but for CRLF inside quotes, which stays.
package dialect
