package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// asProgram is set in the environment of a process that is to be the program, and not its tests.
const asProgram = "RECEIVER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, secret string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self, args...)
	p.Env = append(os.Environ(), asProgram+"=1", "WEBHOOK_SECRET="+secret)
	return p
}

func TestReceiver(t *testing.T) {
	secret := receive.NewSecret()
	p := program(t, secret.Reveal(), "-addr", "127.0.0.1:0")
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	lines := bufio.NewScanner(stdout)
	line := func() string {
		require.True(t, lines.Scan())
		return lines.Text()
	}
	url, said := strings.CutPrefix(line(), "receiving at ")
	require.True(t, said)

	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true,
		AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}})
	require.NoError(t, err)
	endpoint := webhooks.Endpoint{URL: url, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: secret}}}}
	send := func(eventType, importID string, number int64, data string) webhooks.Answer {
		event := webhooks.Event{Type: eventType, ImportID: importID, Number: number, Data: []byte(data)}
		event.Init(time.Now())
		answer, err := sender.Send(t.Context(), &endpoint, &event, 3)
		require.NoError(t, err)
		return answer
	}
	require.Equal(t, 204, send(webhooks.ProductDeleted, "", 0, `{"products":[{"id":7,"sku":"a","version":2}]}`).Status)
	require.Regexp(t,
		`^evt_[0-9a-f]{32} product\.deleted attempt 3 \{"products":\[\{"id":7,"sku":"a","version":2\}\]\}$`, line())
	send(webhooks.ProductUpdated, "", 0, `{"products":[{"id":7,"sku":"a","version":2}]}`)
	require.Contains(t, line(), "product.updated")
	require.Equal(t, "product 7: version 2 comes late: passed over", line())

	send(webhooks.ProductCreated, "i", 2, `{"products":[{"id":3,"version":1}]}`)
	require.Contains(t, line(), "product.created")
	send(webhooks.ImportCompleted, "i", 0, `{"counts":{"created":3},"events":{"product.created":2}}`)
	require.Contains(t, line(), "import.completed")
	require.Equal(t, "import i: missing: product.created: numbers 1 to 1 of 2", line())
	send(webhooks.ProductCreated, "i", 1, `{"products":[{"id":1,"version":1},{"id":2,"version":1}]}`)
	require.Contains(t, line(), "product.created")
	require.Equal(t, "import i: complete: 3 products in 2 events", line())

	endpoint.Secrets[0].Secret = receive.NewSecret()
	require.Equal(t, 401, send(webhooks.ProductDeleted, "", 0, `{}`).Status)
	require.Equal(t, "refused: receive: the signature is wrong", line())
}

func TestSecretIsWanted(t *testing.T) {
	said, err := program(t, "").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(said), "secret must be whsec_")
}

func TestVersion(t *testing.T) {
	said, err := program(t, "", "-version").Output()
	require.NoError(t, err)
	require.Regexp(t, `^receiver \S+ .*go1`, string(said))
}
