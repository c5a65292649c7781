// Package charset reads text whose encoding nobody is sure of, as UTF-8.
//
// A Reader finds out what a file is in, and gives its text:
//
//	ef bb bf 47 72 c3 b6 c3 9f 65  UTF-8, by its byte order mark             -> Größe
//	ff fe 47 00 72 00 f6 00 ..     UTF-16, by its mark or its NUL bytes      -> Größe
//	47 72 c3 b6 c3 9f 65           UTF-8, since what is beyond ASCII is      -> Größe
//	47 72 f6 df 65                 Windows-1252: nothing else is likely      -> Größe
//	ef f3 b3 6b 61                 półka in Windows-1250, ïó³ka in another   -> QuestionError
//	62 6f ff ff                    no encoding makes sense: UTF-8, damaged   -> as it is
//
// Every other encoding of golang.org/x/text has to be given: windows-1250, shift_jis, macintosh, ibm852 and so on.
//
// How likely an encoding is, is known by the letters of the languages that are written in it, and what they stand
// beside. Of UTF-8 and the others it is decided where a file's first bytes beyond ASCII are, which may come late. Where
// those of Windows-1252 and others are likely, all of the file has a say: then the question comes at its end. A file
// that reads the same in all that is likely, as Möbel does in Windows-1250 and Windows-1252, leaves no question.
package charset
