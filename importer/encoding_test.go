package importer

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// theirs are the same encodings in x/text.
var theirs = map[Encoding]encoding.Encoding{
	UTF16LE:     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	UTF16BE:     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	Windows1252: charmap.Windows1252,
	ISO8859_1:   charmap.ISO8859_1,
}

func encode(t testing.TB, e encoding.Encoding, text string) string {
	encoded, err := e.NewEncoder().String(text)
	require.NoError(t, err)
	return encoded
}

// readText reads a file as Run does, in reads of every kind.
func readText(t testing.TB, file string, want Encoding) (text string, found judged, err error) {
	for i, r := range []io.Reader{strings.NewReader(file), iotest.HalfReader(strings.NewReader(file)), iotest.DataErrReader(strings.NewReader(file))} {
		in, failed := newTextReader(bufio.NewReaderSize(r, SniffBytes), want)
		if failed != nil {
			return "", found, failed
		}
		all, failed := io.ReadAll(in)
		require.NoError(t, failed)
		if i > 0 {
			require.Equal(t, text, string(all), "whatever the reads")
			require.Equal(t, found, in.judged)
		}
		text, found = string(all), in.judged
	}
	return text, found, nil
}

func TestEncodingNames(t *testing.T) {
	for e := range Encoding(len(encodingNames)) {
		for _, name := range encodingNames[e] {
			got, err := ParseEncoding(strings.ToUpper(name))
			require.NoError(t, err)
			require.Equal(t, e, got)
		}
		got, err := ParseEncoding(e.String())
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
	_, err := ParseEncoding("koi8-r")
	require.EqualError(t, err, `unknown encoding "koi8-r": want auto, utf-8, utf-16le, utf-16be, windows-1252, iso-8859-1`)
}

func TestEncodings(t *testing.T) {
	const text = "sku,name\r\nä-1,\"Größe „XL“ – 10 €\"\r\nb,Œuvre d’Été\r\n"
	far := strings.Repeat("a,plain line\n", 20_000)
	latin := func(s string) string { return encode(t, charmap.Windows1252, s) }
	for _, c := range []struct {
		name, file string
		want       Encoding
		text       string
		found      Encoding
		evidence   string
	}{
		{"ASCII", "a,b\n", EncodingAuto, "a,b\n", UTF8, "only ASCII"},
		{"UTF-8", text, EncodingAuto, text, UTF8, "valid UTF-8"},
		{"UTF-8 with a mark", "\ufeff" + text, EncodingAuto, text, UTF8, "byte order mark"},
		{"UTF-8 with a mark, given", "\ufeff" + text, UTF8, text, UTF8, "given"},
		{"UTF-16LE", "\xff\xfe" + encode(t, theirs[UTF16LE], text), EncodingAuto, text, UTF16LE, "byte order mark"},
		{"UTF-16BE", "\xfe\xff" + encode(t, theirs[UTF16BE], text), EncodingAuto, text, UTF16BE, "byte order mark"},
		{"UTF-16LE without a mark", encode(t, theirs[UTF16LE], text), EncodingAuto, text, UTF16LE, "NUL"},
		{"UTF-16BE without a mark", encode(t, theirs[UTF16BE], text), EncodingAuto, text, UTF16BE, "NUL"},
		{"UTF-16, given", encode(t, theirs[UTF16BE], "日本語"), UTF16BE, "日本語", UTF16BE, "given"},
		{"UTF-16 in Japanese", encode(t, theirs[UTF16LE], "sku,name\n1,日本語\n2,茶碗\n"), EncodingAuto, "sku,name\n1,日本語\n2,茶碗\n", UTF16LE, "NUL"},
		{"UTF-16 with pairs", "\xff\xfe" + encode(t, theirs[UTF16LE], "a😀b"), EncodingAuto, "a😀b", UTF16LE, "mark"},
		{"UTF-16 with halves of pairs", "\xff\xfea\x00\x3d\xd8b\x00\x00\xdec\x00\x3d\xd8", EncodingAuto, "a\xed\xa0\xbdb\xed\xb8\x80c\xed\xa0\xbd", UTF16LE, "mark"},
		{"UTF-16 with an odd byte", "\xff\xfea\x00\x3d", EncodingAuto, "a\xff", UTF16LE, "mark"},
		{"Windows-1252", latin(text), EncodingAuto, text, Windows1252, `for example "ä"`},
		{"Windows-1252, late", latin(far + text), EncodingAuto, far + text, Windows1252, `for example "ä"`},
		{"UTF-8, late", far + text, EncodingAuto, far + text, UTF8, "valid UTF-8"},
		{"Windows-1252, given", "caf\xe9 \x81", Windows1252, "café \x81", Windows1252, "given"},
		{"ISO-8859-1, given", "caf\xe9 \x81", ISO8859_1, "café \u0081", ISO8859_1, "given"},
		{"one letter", "sku,name\n1,caf\xe9", EncodingAuto, "sku,name\n1,café", Windows1252, "windows-1252"},
		{"damaged UTF-8", text + "\xff\n\xe4\n", EncodingAuto, text + "\xff\n\xe4\n", UTF8, "most"},
		{"UTF-8 that ends too early", "a,é\n\xc3", EncodingAuto, "a,é\n\xc3", UTF8, "most"},
		{"a stray NUL", "a,b\x00\n", EncodingAuto, "a,b\x00\n", UTF8, "ASCII"},
		{"a stray byte among letters", "caf\xe9 \x81 Stra\xdfe", EncodingAuto, "café \x81 Straße", Windows1252, "café"},
		{"stray bytes", "bo\xff\xffgie", EncodingAuto, "bo\xff\xffgie", UTF8, "neither"},
		{"Polish", encode(t, charmap.ISO8859_2, "półka,żółty\n"), EncodingAuto, encode(t, charmap.ISO8859_2, "półka,żółty\n"), UTF8, "neither"},
		{"Russian", encode(t, charmap.Windows1251, "товар,новый стол\n"), EncodingAuto, encode(t, charmap.Windows1251, "товар,новый стол\n"), UTF8, "neither"},
		{"Macintosh", encode(t, charmap.Macintosh, "café,Größe\n"), EncodingAuto, encode(t, charmap.Macintosh, "café,Größe\n"), UTF8, "neither"},
		{"DOS", encode(t, charmap.CodePage850, "für,schön\n"), EncodingAuto, encode(t, charmap.CodePage850, "für,schön\n"), UTF8, "neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, found, err := readText(t, c.file, c.want)
			require.NoError(t, err)
			require.Equal(t, c.text, text)
			require.Equal(t, c.found.String(), found.encoding.String())
			require.Contains(t, found.evidence, c.evidence)
		})
	}
}

// Whole alphabets of Western Europe make sense, and the same text as UTF-8 is never taken for another encoding.
func TestWesternLanguages(t *testing.T) {
	for _, text := range []string{
		"Falsches Üben von Xylophonmusik quält jeden größeren Zwerg",
		"Dès Noël où un zéphyr haï me vêt de glaçons würmiens, l’œuvre à 5 €",
		"El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia; ¿añoraba? ¡sí! «ñandú»",
		"À noite, vovô Kowalsky vê o ímã cair no pé do pinguim queixoso; ação",
		"Kæmi ný öxi hér, ykist þjófum nú bæði víl og ádrepa",
		"Høj bly gom vandt fræk sexquiz på wc; Ærø, Århus",
		"Flygande bäckasiner söka hwila på mjuka tuvor; Åäö",
		"L·lipsi, col·legi, paral·lel, ºª, naïveté, 20°C, ±5 µm, ½ Zoll, 5²",
		"Brand® Name™ – “quoted” … it’s ©",
	} {
		encoded := encode(t, charmap.Windows1252, text)
		got, found, err := readText(t, encoded, EncodingAuto)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.Equal(t, Windows1252, found.encoding)
		got, found, err = readText(t, text, EncodingAuto)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.Equal(t, UTF8, found.encoding)
	}
}

func TestMarkThatContradicts(t *testing.T) {
	_, _, err := readText(t, "\xff\xfea\x00", Windows1252)
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "byte order mark of utf-16le, but its encoding is given as windows-1252")
}

// A character that is cut in two by the end of what is judged is none that is broken.
func TestJudgedStretchEndsInACharacter(t *testing.T) {
	for n := range 4 {
		file := strings.Repeat("a", n) + strings.Repeat("€", judgedBytes/2)
		_, found, err := readText(t, file, EncodingAuto)
		require.NoError(t, err)
		require.Equal(t, judged{UTF8, "its first characters beyond ASCII are valid UTF-8"}, found)
	}
}

func TestTextReaderHandsReadErrorsOn(t *testing.T) {
	for _, before := range []string{"", "a", "\xff\xfe", "\xff\xfea", "\xe9", "é", strings.Repeat("a", 2*SniffBytes), strings.Repeat("a", 2*SniffBytes) + "\xe9"} {
		r, err := newTextReader(bufio.NewReaderSize(io.MultiReader(strings.NewReader(before), iotest.ErrReader(io.ErrNoProgress)), SniffBytes), EncodingAuto)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		require.ErrorIs(t, err, io.ErrNoProgress, "%q", before)
	}
}

// Every byte of Windows-1252 and ISO-8859-1, as x/text has them but for bytes without a character.
func TestBytes(t *testing.T) {
	for c := range 256 {
		src := []byte{byte(c)}
		want, err := charmap.ISO8859_1.NewDecoder().Bytes(src)
		require.NoError(t, err)
		require.Equal(t, want, fromWestern(nil, src, nil))
		if slices.Contains([]byte{0x81, 0x8d, 0x8f, 0x90, 0x9d}, byte(c)) {
			require.Equal(t, src, fromWestern(nil, src, &windows1252))
			require.False(t, utf8.Valid(fromWestern(nil, append([]byte("é"), byte(c), 0xe9), &windows1252)))
			continue
		}
		want, err = charmap.Windows1252.NewDecoder().Bytes(src)
		require.NoError(t, err)
		require.Equal(t, want, fromWestern(nil, src, &windows1252))
	}
}

// FuzzEncodings: in every encoding, what stands for characters becomes what x/text makes of it, and what doesn't becomes
// what is no UTF-8; however the file is read.
func FuzzEncodings(f *testing.F) {
	for _, seed := range []string{"", "a,b\n", "\xff\xfea\x00\x3d\xd8\x00\xde", "caf\xe9\x81", "\xfe\xff\xd8\x3d", "é\xc3", strings.Repeat("a", SniffBytes) + "\xe4"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for e := range Encoding(len(encodingNames)) {
			text, found, err := readText(t, string(data), e)
			if err != nil {
				require.ErrorIs(t, err, ErrInput)
				continue
			}
			_, mark := markOf(data)
			rest := data[mark:]
			if found.encoding == UTF8 {
				require.Equal(t, string(rest), text)
				continue
			}
			want, err := theirs[found.encoding].NewDecoder().Bytes(rest)
			require.NoError(t, err)
			broken := false
			for _, c := range rest {
				broken = broken || found.encoding == Windows1252 && c != 0 && characterOf(c) == 0
			}
			if !utf8.ValidString(text) {
				require.True(t, broken || bytes.ContainsRune(want, utf8.RuneError))
				continue
			}
			require.False(t, broken)
			require.Equal(t, string(want), text)
		}
	})
}
