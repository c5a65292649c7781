// Package importer reads product catalogues from CSV files and writes them to a Store: half a million records in about
// the time that the database needs to take them, in memory that does not grow with the file.
//
// Run reads the file twice. The first pass checks every record and finds which record of each SKU counts; nothing is
// written, so a file that can't be taken leaves no trace. The second pass writes:
//
//	Source -> text -> scanner -> parsers -> survey             first pass: rejects, duplicates
//	Source -> text -> scanner -> parsers -> batches -> Store   second pass: several writers
//
// The text is what the file holds without its compression, in UTF-8. How it is cut into records is told by its beginning,
// as far as the options leave it open: the format counts in which the records agree best. The result says what was
// decided, and why.
//
// The scanner cuts the bytes into records, one after the other, because only it knows which line break ends a record.
// Parsers run side by side: fields, validation, the SKU's key. What they give is put back into the file's order, so
// what an import does depends on nothing but the file, the options and the store: batches have the same records
// whatever the number of writers, and whatever their pace. In that order, too, records without a name inherit from their
// group, see Options.Group; each pass finds that out for itself.
//
// Every stage holds a bounded number of blocks or batches and waits for the next one: a slow store slows the reading.
package importer
