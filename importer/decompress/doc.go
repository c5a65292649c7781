// Package decompress reads files that may be compressed, without knowing how, and without taking more memory or more
// bytes than it is allowed to.
//
// A Reader looks at the first bytes and gives what the file holds:
//
//	1f 8b ..        gzip, of one member or several    -> the text
//	28 b5 2f fd ..  zstd, of one frame or several     -> the text
//	"PK" 03 04 ..   zip with one CSV file in it       -> that file, whatever else the archive has
//	anything else   not compressed                    -> as it is
//
// An archive is read as a stream, from its beginning to its end. A file that is made to grow without end is refused:
// see [NewReader] for the limits. Errors say what is wrong with the file, and what to do:
//
//	the file cannot be imported: its gzip compression ends too early: the file is cut off
//	the file cannot be imported: it is a zip archive with several CSV files: "a.csv", "b.csv"; take one at a time
package decompress
