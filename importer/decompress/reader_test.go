package decompress_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/decompress"
)

func gzipped(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstandard(t testing.TB, text string, options ...zstd.EOption) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// entry is a file of an archive.
type entry struct {
	name, text string
	method     uint16
	sized      bool   // lengths and checksum in front of the data, else behind it
	flags      uint16 // more of them
	damage     func(h *zip.FileHeader)
}

// zipped returns an archive of files and folders.
func zipped(t testing.TB, entries ...entry) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: e.method, Flags: e.flags}
		if !e.sized {
			f, err := w.CreateHeader(h)
			require.NoError(t, err)
			_, err = io.WriteString(f, e.text)
			require.NoError(t, err)
			continue
		}
		data := []byte(e.text)
		if e.method == zip.Deflate {
			data = deflated(t, e.text)
		}
		h.CRC32, h.UncompressedSize64, h.CompressedSize64 = crc32.ChecksumIEEE([]byte(e.text)), uint64(len(e.text)),
			uint64(len(data))
		if e.damage != nil {
			e.damage(h)
		}
		f, err := w.CreateRaw(h)
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.SetComment("made by a test"))
	require.NoError(t, w.Close())
	return b.String()
}

func deflated(t testing.TB, text string) []byte {
	packed := gzipped(t, text)
	return []byte(packed[10 : len(packed)-8])
}

// readAll reads all of the file, in small pieces.
func readAll(file string, limit int64) (text string, format decompress.Format, err error) {
	d, err := decompress.NewReader(iotest.HalfReader(strings.NewReader(file)), limit)
	if err != nil {
		return "", decompress.None, err
	}
	defer d.Close()
	all, err := io.ReadAll(iotest.OneByteReader(d))
	if err == nil && d.Received() != int64(len(file)) {
		err = io.ErrShortBuffer
	}
	return string(all), d.Format(), err
}

const some = "sku,name\na,b\n"

func TestReader(t *testing.T) {
	long := strings.Repeat(some, 30_000)
	mac := []entry{
		{name: "shop/"}, {name: "shop/.DS_Store", text: "x", method: zip.Deflate},
		{name: "shop/products.CSV", text: some, method: zip.Deflate},
		{name: "__MACOSX/shop/._products.csv", text: "x", method: zip.Deflate},
	}
	for _, c := range []struct {
		name, file string
		format     decompress.Format
		text       string
	}{
		{"not compressed", some, "", some},
		{"nothing", "", "", ""},
		{"shorter than any signature", "PK", "", "PK"},
		{"gzip", gzipped(t, some), "gzip", some},
		{"gzip, several members", gzipped(t, some) + gzipped(t, "") + gzipped(t, "c,d\n"), "gzip", some + "c,d\n"},
		{"gzip, zeros behind it", gzipped(t, some) + gzipped(t, "c,d\n") + strings.Repeat("\x00", 10_000), "gzip",
			some + "c,d\n"},
		{"zstd", zstandard(t, some), "zstd", some},
		{"zstd, several frames, one to be skipped", "\x5a\x2a\x4d\x18\x03\x00\x00\x00abc" +
			zstandard(t, some) + zstandard(t, "c,d\n"), "zstd", some + "c,d\n"},
		{"zip", zipped(t, entry{name: "p.csv", text: some, method: zip.Deflate}), "zip", some},
		{"zip, lengths in front", zipped(t, entry{name: "p.tsv", text: some, method: zip.Deflate, sized: true}), "zip",
			some},
		{"zip, not compressed", zipped(t, entry{name: "p.csv", text: some, sized: true}), "zip", some},
		{"zip of an empty file", zipped(t, entry{name: "p.csv", sized: true}), "zip", ""},
		{"zip of a pipe", zipped(t, entry{name: "-", text: some, method: zip.Deflate}), "zip", some},
		{"zip with what systems add", zipped(t, mac...), "zip", some},
		{"zip with other files", zipped(t, entry{name: "readme.txt", text: "x", sized: true},
			entry{name: "a/p.csv", text: some, method: zip.Deflate},
			entry{name: "p.json", text: "{}", method: zip.Deflate}), "zip", some},
		{"zip of a text file", zipped(t, entry{name: "p.json", text: "{}", method: zip.Deflate},
			entry{name: "Feed.TXT", text: some, method: zip.Deflate}), "zip", some},
		{"zip of a text file, not compressed", zipped(t, entry{name: "p.txt", text: some, sized: true}), "zip", some},
		{"zip of a long text file", zipped(t, entry{name: "p.txt", text: long, method: zip.Deflate},
			entry{name: "p.json", text: "{}", method: zip.Deflate}), "zip", long},
		{"zip with a text file behind", zipped(t, entry{name: "p.csv", text: some, sized: true},
			entry{name: "a.txt", text: long, sized: true}), "zip", some},
		{"zip with several text files", zipped(t, entry{name: "a.txt", text: "x", sized: true},
			entry{name: "b.txt", text: "x", method: zip.Deflate}, entry{name: "p.csv", text: some, sized: true}), "zip",
			some},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, format, err := readAll(c.file, 1<<20)
			require.NoError(t, err)
			require.Equal(t, c.text, text)
			require.Equal(t, c.format, format)
			for n := 0; n < len(c.file)-1; n += 1 + len(c.text)/5_000 {
				if c.format == decompress.None || strings.HasPrefix(c.name, "gzip, ") ||
					strings.HasPrefix(c.name, "zstd, several") || n < 4 {
					continue // a part may be a whole file
				}
				_, _, err := readAll(c.file[:n], 1<<20)
				// The comment behind an archive may be cut off.
				if c.format != decompress.Zip || n < len(c.file)-len("made by a test") {
					require.ErrorIs(t, err, decompress.ErrInput, "cut off behind %d bytes", n)
				}
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	csv := entry{name: "p.csv", text: some, method: zip.Deflate}
	damaged := func(damage func(h *zip.FileHeader)) string {
		return zipped(t, entry{name: "p.csv", text: some, sized: true, method: zip.Deflate, damage: damage})
	}
	flip := func(file string, at int) string {
		b := []byte(file)
		b[(at+len(b))%len(b)] ^= 1
		return string(b)
	}
	junk := strings.Repeat("x", 200_000)
	for _, c := range []struct {
		name, file, want string
		tooLarge         bool
	}{
		{"gzip without a header", "\x1f\x8bxxxxxxxxxxxxxx", "gzip compression is damaged", false},
		{"gzip, wrong checksum", flip(gzipped(t, some), -8), "gzip compression is damaged", false},
		{"gzip, something behind it", gzipped(t, some) + "xxxxxxxxxxxxxxxxxxxxxxx", "other bytes stand behind its gzip",
			false},
		{"gzip, a byte behind it", gzipped(t, some) + "\n", "other bytes stand behind its gzip", false},
		{"gzip, zeros and something behind it", gzipped(t, some) + "\x00\x00x", "other bytes stand behind its gzip",
			false},
		{"zstd, something behind it", zstandard(t, some) + "sku,name\n", "other bytes stand behind its zstd", false},
		{"zstd, wrong checksum", flip(zstandard(t, some), -1), "zstd compression is damaged", false},
		{"zstd with a large window", zstandard(t, strings.Repeat("some text that may be far back,", 700_000),
			zstd.WithWindowSize(16<<20)), "8 MiB of memory", true},
		{"longer than the limit", gzipped(t, junk), "limit of 100000 bytes", true},
		{"zstd longer than the limit", zstandard(t, junk), "limit of 100000 bytes", true},
		{"zip longer than the limit", zipped(t, entry{name: "p.csv", text: junk, method: zip.Deflate}),
			"limit of 100000 bytes", true},
		{"other file longer than the limit", zipped(t, entry{name: "x", text: junk, method: zip.Deflate}, csv),
			"limit of 100000 bytes", true},
		{"two CSV files", zipped(t, csv, entry{name: "q.csv", text: some, method: zip.Deflate}),
			`several CSV files: "p.csv", "q.csv"`, false},
		{"no CSV file", zipped(t, entry{name: "a.json", text: some, method: zip.Deflate},
			entry{name: "b.xml", sized: true}),
			`without a CSV file (.csv, .tsv, .tab or .txt); it has "a.json", "b.xml"`, false},
		{"two text files", zipped(t, entry{name: "a.txt", text: some, method: zip.Deflate},
			entry{name: "b.txt", sized: true}), `several text files and no CSV file: "a.txt", "b.txt"`, false},
		{"a damaged text file", flip(zipped(t, entry{name: "a.txt", text: some, sized: true}), 40), "checksum", false},
		{"an archive of Numbers", zipped(t, entry{name: "Index/Document.iwa", text: "x", sized: true}),
			"save the sheet as CSV", false},
		{"an empty archive", zipped(t), "empty zip archive", false},
		{"a spreadsheet", zipped(t, entry{name: "[Content_Types].xml", text: "x", method: zip.Deflate}),
			"save the sheet as CSV", false},
		{"a spreadsheet, parts in another order",
			zipped(t, entry{name: "xl/workbook.xml", text: "x", method: zip.Deflate}), "save the sheet as CSV", false},
		{"an OpenDocument spreadsheet", zipped(t, entry{name: "mimetype", text: "x", sized: true}),
			"save the sheet as CSV", false},
		{"with a password", zipped(t, entry{name: "p.csv", text: some, sized: true, flags: 1}), "password", false},
		{"another method", damaged(func(h *zip.FileHeader) { h.Method = 9 }), "unusual compression (method 9)", false},
		{"wrong checksum", damaged(func(h *zip.FileHeader) { h.CRC32++ }), "checksum", false},
		{"wrong length", damaged(func(h *zip.FileHeader) { h.UncompressedSize64-- }), "length", false},
		{"wrong compressed length", damaged(func(h *zip.FileHeader) { h.CompressedSize64++ }), "length", false},
		{"wrong checksum behind the data", flip(zipped(t, csv), strings.Index(zipped(t, csv), "PK\x07\x08")+4),
			"checksum", false},
		{"wrong length behind the data", flip(zipped(t, csv), strings.Index(zipped(t, csv), "PK\x07\x08")+12), "length",
			false},
		{"not in the directory", flip(zipped(t, csv), strings.LastIndex(zipped(t, csv), "p.csv")), "directory", false},
		{"bytes between", strings.Replace(zipped(t, csv), "PK\x01\x02", "PK\x01\x09", 1), "zip compression is damaged",
			false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readAll(c.file, 100_000)
			require.ErrorIs(t, err, decompress.ErrInput)
			require.ErrorContains(t, err, "the file cannot be imported: ")
			require.ErrorContains(t, err, c.want)
			if c.tooLarge {
				require.ErrorIs(t, err, decompress.ErrTooLarge)
			} else {
				require.NotErrorIs(t, err, decompress.ErrTooLarge)
			}
		})
	}
}

// A text file is taken for the CSV when it is too long to wait for one.
func TestLongTextFile(t *testing.T) {
	long := entry{name: "a.txt", text: strings.Repeat(some, 30_000), method: zip.Deflate}
	for _, name := range []string{"p.csv", "b.txt"} {
		text, _, err := readAll(zipped(t, long, entry{name: name, text: some, sized: true}), 1<<20)
		require.ErrorIs(t, err, decompress.ErrInput)
		require.ErrorContains(t, err, fmt.Sprintf("several CSV files: \"a.txt\", %q; take one at a time", name))
		require.Equal(t, long.text, text)
	}
}

// An archive may be written in ways that archive/zip doesn't write.
func TestOddArchives(t *testing.T) {
	le := binary.LittleEndian
	packed := deflated(t, some)
	header := func(flags uint16, packed, size uint32, crc uint32, extra string) []byte {
		b := append([]byte("PK\x03\x04"), make([]byte, 26)...)
		le.PutUint16(b[6:], flags)
		le.PutUint16(b[8:], 8)
		le.PutUint32(b[14:], crc)
		le.PutUint32(b[18:], packed)
		le.PutUint32(b[22:], size)
		le.PutUint16(b[26:], 5)
		le.PutUint16(b[28:], uint16(len(extra)))
		return append(append(b, "p.csv"...), extra...)
	}
	crc := crc32.ChecksumIEEE([]byte(some))
	directory := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	le.PutUint32(directory[16:], crc)
	le.PutUint16(directory[28:], 5)
	directory = append(directory, "p.csv"...)
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	large := append([]byte("PK\x06\x06"), make([]byte, 52)...)
	le.PutUint64(large[4:], 44)
	large = append(append(large, "PK\x06\x07"...), make([]byte, 16)...)

	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	short := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, crc), uint32(len(packed))), uint32(len(some)))
	long := le.AppendUint64(le.AppendUint64(le.AppendUint32(nil, crc), uint64(len(packed))), uint64(len(some)))
	lengths := string(le.AppendUint64(le.AppendUint64([]byte("\xff\x00\x00\x00\x01\x00\x10\x00"), uint64(len(some))),
		uint64(len(packed))))
	for name, file := range map[string]string{
		"without a signature behind the data": join(header(8, 0, 0, 0, ""), packed, short, directory, end),
		"long lengths behind the data": join(header(8, 0, 0, 0, ""), packed, []byte("PK\x07\x08"), long,
			directory, large, end),
		"long lengths behind without the signature": join(header(8, 0, 0, 0, ""), packed, long, directory, end),
		"long lengths in front": join(header(0, 1<<32-1, 1<<32-1, crc, lengths), packed, directory,
			large, end),
	} {
		text, _, err := readAll(file, 1<<20)
		require.NoError(t, err, name)
		require.Equal(t, some, text, name)
	}
	_, _, err := readAll(join(header(0, 1<<32-1, 1<<32-1, crc, "\x01\x00\xff\x00"), packed, directory, end), 1<<20)
	require.ErrorIs(t, err, decompress.ErrInput)
}

func TestBombs(t *testing.T) {
	text := strings.Repeat("a", 20<<20)
	for name, bomb := range map[string]string{
		"gzip": gzipped(t, text), "zstd": zstandard(t, text),
		"zip":            zipped(t, entry{name: "p.csv", text: text, method: zip.Deflate}),
		"beside the CSV": zipped(t, entry{name: "x", text: text, method: zip.Deflate}),
	} {
		d, err := decompress.NewReader(strings.NewReader(bomb), 1<<40)
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, d)
		d.Close()
		require.ErrorIs(t, err, decompress.ErrTooLarge, name)
		require.ErrorContains(t, err, "250 times")
		require.LessOrEqual(t, n, int64(16<<20), name)
	}
}

// TestLayersDontMultiply compresses files twice that are no bombs for either layer alone.
func TestLayersDontMultiply(t *testing.T) {
	const length = 20 << 20
	dull := strings.Repeat("a,b\n", 1_000)
	var mixed strings.Builder // deflate makes about a hundredth of it
	for i := 0; mixed.Len() < length; i++ {
		fmt.Fprintf(&mixed, "%s\n%d", strings.Repeat("a", 200), i*2_654_435_761>>20&1)
	}
	outer := map[string]func(file string) string{
		"gzip": func(file string) string { return gzipped(t, file) },
		"zstd": func(file string) string { return zstandard(t, file) },
		"zip":  func(file string) string { return zipped(t, entry{name: "p.csv", text: file, method: zip.Deflate}) },
	}
	for inner, file := range map[string]string{
		"gzip":           gzipped(t, mixed.String()),
		"gzip's members": strings.Repeat(gzipped(t, dull), length/len(dull)),
		"zstd's frames":  strings.Repeat(zstandard(t, dull), length/len(dull)),
		"zip":            zipped(t, entry{name: "p.csv", text: mixed.String(), method: zip.Deflate}),
		"beside the CSV": zipped(t, entry{name: "x", text: mixed.String(), method: zip.Deflate},
			entry{name: "p.csv", text: some}),
	} {
		for name, pack := range outer {
			t.Run(inner+" in "+name, func(t *testing.T) {
				require.Less(t, length/len(file), 250)
				around, err := decompress.NewReader(strings.NewReader(pack(file)), 1<<40)
				require.NoError(t, err)
				defer around.Close()
				d, err := decompress.NewReader(around, 1<<40)
				require.NoError(t, err)
				defer d.Close()
				n, err := io.Copy(io.Discard, d)
				require.ErrorIs(t, err, decompress.ErrTooLarge)
				require.ErrorContains(t, err, "250 times")
				require.LessOrEqual(t, n, int64(16<<20))
			})
		}
	}
}

func TestTroubleWithReadingIsNotTheFilesFault(t *testing.T) {
	for _, file := range []string{gzipped(t, some), zstandard(t, some),
		zipped(t, entry{name: "p.csv", text: some, method: zip.Deflate})} {
		for n := range len(file) {
			d, err := decompress.NewReader(io.MultiReader(strings.NewReader(file[:n]),
				iotest.ErrReader(io.ErrClosedPipe)), 1<<20)
			if err == nil {
				_, err = io.ReadAll(d)
				d.Close()
			}
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.NotErrorIs(t, err, decompress.ErrInput)
		}
	}
}

// FuzzReader: whatever the bytes, decompression ends, within its limits, and says what is wrong.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		some, gzipped(f, some), zstandard(f, some), zipped(f, entry{name: "p.csv", text: some, method: zip.Deflate},
			entry{name: "a/"}),
		zipped(f, entry{name: "p.csv", text: some, sized: true}, entry{name: "x", text: some, sized: true,
			method: zip.Deflate}),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decompress.NewReader(bytes.NewReader(data), 1<<20)
		if err == nil {
			var n int64
			n, err = io.Copy(io.Discard, d)
			require.LessOrEqual(t, n, max(int64(len(data)), 1<<20))
			d.Close()
		}
		if err != nil {
			require.ErrorIs(t, err, decompress.ErrInput)
		}
	})
}
