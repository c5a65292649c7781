package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func secretOf(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }

func TestCreateWebhook(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	w := f.call("POST", "/webhooks/", `{"callback_url":"https://shop.example/hook?x=1&y=2"}`)
	require.Equal(t, 201, w.Code, w.Body.String())
	v := decode[hookView](t, w)
	require.Equal(t, "/webhooks/"+v.ID, w.Header().Get("Location"))
	require.Equal(t, `"1"`, w.Header().Get("ETag"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"), "a secret is not kept on the way")
	_, err := receive.ParseSecret(v.Secret)
	require.NoError(t, err)

	got := f.get(v.ID)
	require.Empty(t, got.Secret, "it is shown once")
	delete(v.fields, "secret")
	require.Equal(t, v.fields, got.fields)
	for _, name := range []string{"created_at", "updated_at", "id"} {
		require.NotEmpty(t, got.fields[name])
		delete(got.fields, name)
	}
	require.Equal(t, map[string]any{
		"version": 1.0, "callback_url": "https://shop.example/hook?x=1&y=2", "client_name": "", "is_active": true,
		"state": "active", "disabled_reason": nil,
		"events": []any{"*"}, "summaries_only": false, "concurrency": 8.0, "rate_limit": 0.0, "timeout": 15.0,
		"has_token": false, "header_names": []any{},
		"secrets": []any{map[string]any{"until": nil}}, "secrets_readable": true,
		"failures": 0.0, "failing_since": nil, "last_success": nil,
		"paused_until": nil,
	}, got.fields, "what isn't said is as usual")

	own := secretOf(24)
	v = f.create(
		`{"callback_url":"https://shop.example:8443/","client_name":"Café","is_active":false,"events":["product.*","import.completed"],"summaries_only":true,
		"concurrency":1,"rate_limit":50,"timeout":2.5,"token":"t0ken","headers":{"x-shop":"seven","Authorization-Note":"secr3t"},"secret":"` + own + `",
		"id":"ep_0","version":9,"created_at":null,"failures":3}`)
	require.Equal(t, own, v.Secret)
	require.Equal(t, "inactive", v.State)
	require.False(t, v.IsActive)
	require.EqualValues(t, 1, v.Version, "what is the server's is ignored")
	require.Equal(t, []any{"Authorization-Note", "X-Shop"}, v.fields["header_names"])
	require.Equal(t, true, v.fields["has_token"])
	require.InDelta(t, 2.5, v.fields["timeout"], 0)
	stored, err := f.hooks.Endpoint(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, webhooks.Token("t0ken"), stored.Token)
	require.Equal(t, webhooks.Headers{"X-Shop": "seven", "Authorization-Note": "secr3t"}, stored.Headers)
	for _, path := range []string{"/webhooks/" + v.ID, "/webhooks/"} {
		text := f.call("GET", path, "").Body.String()
		for _, secret := range []string{"t0ken", "seven", "secr3t", own} {
			require.NotContains(t, text, secret)
		}
	}

	v = f.create(
		`{"callback_url":"https://shop.example/","events":null,"concurrency":null,"rate_limit":null,"timeout":null,"client_name":null,"token":null,"headers":null,"summaries_only":null}`)
	require.Equal(t, []any{"*"}, v.fields["events"], "null stands for what is usual")
	require.InDelta(t, 8, v.fields["concurrency"], 0)
}

func TestListWebhooks(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	var ids []string
	for i := range 5 {
		ids = append(ids, f.create(fmt.Sprintf(`{"callback_url":"https://shop.example/%d"}`, i)).ID)
	}
	type page struct {
		Count          int
		Next, Previous *string
		Results        []hookView
	}
	var seen []string
	for next := "/webhooks?limit=2"; next != ""; {
		p := decode[page](t, f.call("GET", next, ""))
		require.Equal(t, 5, p.Count)
		for _, v := range p.Results {
			seen = append(seen, v.ID)
		}
		next = ""
		if p.Next != nil {
			next = *p.Next
		}
	}
	require.Equal(t, ids, seen)
	p := decode[page](t, f.call("GET", "/webhooks/?limit=2&offset=2", ""))
	require.Equal(t, "/webhooks/?limit=2", *p.Previous)
	for _, query := range []string{"limit=0", "limit=1001", "offset=-1", "state=active", "limit=1&limit=2"} {
		problem(t, f.call("GET", "/webhooks/?"+query, ""), 400)
	}
}

func TestBadWebhooks(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	one := f.create(`{"callback_url":"https://shop.example/","token":"a","headers":{"X-A":"b"}}`)
	with := func(more string) string { return `{"callback_url":"https://shop.example/",` + more + `}` }
	long := strings.Repeat("x", 3_000)
	for _, test := range []struct{ name, body, field, code string }{
		{"nothing", `{}`, "callback_url", "missing"},
		{"no URL", `{"callback_url":""}`, "callback_url", "empty"},
		{"null for a URL", `{"callback_url":null}`, "callback_url", "wrong_type"},
		{"number for a URL", `{"callback_url":1}`, "callback_url", "wrong_type"},
		{"a word", `{"callback_url":"shop"}`, "callback_url", "invalid"},
		{"long", `{"callback_url":"https://shop.example/` + long + `"}`, "callback_url", "too_long"},
		{"http", `{"callback_url":"http://shop.example/"}`, "callback_url", "forbidden"},
		{"ftp", `{"callback_url":"ftp://shop.example/"}`, "callback_url", "forbidden"},
		{"user info", `{"callback_url":"https://u:hunter2@shop.example/"}`, "callback_url", "forbidden"},
		{"port", `{"callback_url":"https://shop.example:22/"}`, "callback_url", "forbidden"},
		{"fragment", `{"callback_url":"https://shop.example/#x"}`, "callback_url", "invalid"},
		{"loopback", `{"callback_url":"https://127.0.0.1/"}`, "callback_url", "forbidden"},
		{"localhost", `{"callback_url":"https://LOCALHOST./"}`, "callback_url", "forbidden"},
		{"private", `{"callback_url":"https://10.1.2.3/"}`, "callback_url", "forbidden"},
		{"metadata", `{"callback_url":"https://169.254.169.254/latest/meta-data/"}`, "callback_url", "forbidden"},
		{"IPv6", `{"callback_url":"https://[::1]/"}`, "callback_url", "forbidden"},
		{"mapped", `{"callback_url":"https://[::ffff:127.0.0.1]/"}`, "callback_url", "forbidden"},
		{"decimal", `{"callback_url":"https://2130706433/"}`, "callback_url", "invalid"},
		{"short secret", with(`"secret":"` + secretOf(23) + `"`), "secret", "invalid"},
		{"long secret", with(`"secret":"` + secretOf(65) + `"`), "secret", "invalid"},
		{"plain secret", with(`"secret":"hunter2"`), "secret", "invalid"},
		{"null for a secret", with(`"secret":null`), "secret", "wrong_type"},
		{"unknown type", with(`"events":["product.created","product.exploded"]`), "events", "unknown"},
		{"unknown family", with(`"events":["order.*"]`), "events", "unknown"},
		{"a test can't be listened to", with(`"events":["webhook.test"]`), "events", "unknown"},
		{"no events", with(`"events":[]`), "events", "empty"},
		{"too many events", with(`"events":["*"` + strings.Repeat(`,"*"`, 50) + `]`), "events", "too_many"},
		{"text for events", with(`"events":"*"`), "events", "wrong_type"},
		{"forbidden header", with(`"headers":{"content-length":"1"}`), "headers[Content-Length]", "forbidden"},
		{"our header", with(`"headers":{"Webhook-Signature":"v1,x"}`), "headers[Webhook-Signature]", "forbidden"},
		{"two authorizations", with(`"token":"t","headers":{"Authorization":"Basic eA=="}`), "headers[Authorization]",
			"forbidden"},
		{"split header", with(`"headers":{"X-A":"a\r\nX-B: b"}`), "headers[X-A]", "invalid"},
		{"number for a header", with(`"headers":{"X-A":1}`), "headers[X-A]", "wrong_type"},
		{"header twice", with(`"headers":{"X-A":"1","x-a":"2"}`), "headers[x-a]", "duplicate"},
		{"list of headers", with(`"headers":["X-A"]`), "headers", "wrong_type"},
		{"split token", with(`"token":"a\nb"`), "token", "invalid"},
		{"long token", with(`"token":"` + long + `"`), "token", "too_long"},
		{"no concurrency", with(`"concurrency":0`), "concurrency", "bad_value"},
		{"too much concurrency", with(`"concurrency":65`), "concurrency", "invalid"},
		{"half a delivery", with(`"concurrency":1.5`), "concurrency", "wrong_type"},
		{"negative rate", with(`"rate_limit":-1`), "rate_limit", "invalid"},
		{"no time", with(`"timeout":0`), "timeout", "bad_value"},
		{"little time", with(`"timeout":0.5`), "timeout", "invalid"},
		{"too much time", with(`"timeout":31`), "timeout", "invalid"},
		{"no end of time", with(`"timeout":1e300`), "timeout", "wrong_type"},
		{"text for a time", with(`"timeout":"15s"`), "timeout", "wrong_type"},
		{"text for is_active", with(`"is_active":"true"`), "is_active", "wrong_type"},
		{"null for is_active", with(`"is_active":null`), "is_active", "wrong_type"},
		{"state", with(`"state":"paused"`), "state", "forbidden"},
		{"long name", with(`"client_name":"` + long + `"`), "client_name", "too_long"},
		{"unknown", with(`"url":"x"`), "url", "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, target := range []struct{ method, path string }{{"POST", "/webhooks/"},
				{"PUT", "/webhooks/" + one.ID}, {"PATCH", "/webhooks/" + one.ID}} {
				if target.method == "PATCH" && test.code == "missing" {
					continue // a patch may leave out everything
				}
				p := problem(t, f.call(target.method, target.path, test.body), 422)
				require.NotEmpty(t, p.Errors, "it names the field")
				require.Equal(t, test.field, p.Errors[0].Field)
				if test.field == "secret" && target.method != "POST" && test.code != "wrong_type" {
					require.Equal(t, "forbidden", p.Errors[0].Code, "it is changed elsewhere")
				} else {
					require.Equal(t, test.code, p.Errors[0].Code, p.Detail)
				}
				require.Contains(t, p.Detail, strings.Split(test.field, "[")[0])
				require.NotContains(t, p.Detail, "hunter2")
			}
			require.Equal(t, one.Version, f.get(one.ID).Version, "nothing has changed")
			_, count, err := f.hooks.ListEndpoints(t.Context(), 1, 0)
			require.NoError(t, err)
			require.EqualValues(t, 1, count)
		})
	}
	for _, path := range []string{"/webhooks/1", "/webhooks/ep_", "/webhooks/" + strings.ToUpper(one.ID),
		"/webhooks/ep_" + strings.Repeat("0", 32), "/webhooks/deliveries"} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			problem(t, f.call(method, path, `{"callback_url":"https://shop.example/"}`), 404)
		}
	}
	problem(t, f.call("POST", "/webhooks/", `{`), 400)
	problem(t, f.call("POST", "/webhooks/", `{}`, "Content-Type: text/plain"), 415)
	problem(t, f.call("POST", "/webhooks/", `{"client_name":"`+strings.Repeat(long, 8)+`"}`), 413)
	require.Len(t, problem(t, f.call("POST", "/webhooks/", `{"callback_url":"http://u:p@127.0.0.1:1/","token":"a b"}`),
		422).Errors, 5, "all that is wrong")
}

func TestReplaceAndChangeWebhook(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	v := f.create(
		`{"callback_url":"https://shop.example/","client_name":"Shop","events":["product.*"],"concurrency":2,"rate_limit":7,"timeout":3,"token":"t","headers":{"X-A":"1","X-B":"2"},"summaries_only":true}`)
	one := "/webhooks/" + v.ID + "/"
	private := func() webhooks.Credentials {
		e, err := f.hooks.Endpoint(t.Context(), v.ID)
		require.NoError(t, err)
		return e.Credentials
	}

	w := f.call("GET", one, "")
	again := f.call("PUT", one, w.Body.String())
	require.Equal(t, w.Body.String(), again.Body.String(), "a client can send back what it got, which changes nothing")
	require.Equal(t, webhooks.Token("t"), private().Token, "what isn't shown stays where nothing is said of it")

	w = f.call("PATCH", one,
		`{"headers":{"x-a":null,"x-c":"3"},"client_name":null,"timeout":null,"summaries_only":false}`,
		"Content-Type: application/merge-patch+json")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, `"2"`, w.Header().Get("ETag"))
	got := decode[hookView](t, w)
	require.Empty(t, got.fields["client_name"])
	require.Equal(t, false, got.fields["summaries_only"])
	require.InDelta(t, 15, got.fields["timeout"], 0)
	require.InDelta(t, 2, got.fields["concurrency"], 0, "what a patch leaves out stays")
	require.Equal(t, webhooks.Headers{"X-B": "2", "X-C": "3"}, private().Headers)

	w = f.call("PUT", one, `{"callback_url":"https://other.example/","headers":{"X-D":"4"}}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	got = decode[hookView](t, w)
	require.Equal(t, []any{"*"}, got.fields["events"], "what PUT leaves out is as usual")
	require.InDelta(t, 8, got.fields["concurrency"], 0)
	require.InDelta(t, 0, got.fields["rate_limit"], 0)
	require.Equal(t, webhooks.Headers{"X-D": "4"}, private().Headers, "PUT replaces them")
	require.Equal(t, webhooks.Token("t"), private().Token)
	require.Equal(t, v.Secret, private().Secrets[0].Reveal())

	require.Equal(t, 200, f.call("PATCH", one, `{"headers":null,"token":null}`).Code)
	require.Empty(t, private().Headers)
	require.Empty(t, private().Token)
	require.Equal(t, 200, f.call("PATCH", one, `{"headers":{"X-E":"5"},"token":"u"}`).Code)
	require.Equal(t, 200, f.call("PUT", one, `{"callback_url":"https://other.example/","token":""}`).Code)
	require.Empty(t, private().Token)
	require.Equal(t, webhooks.Headers{"X-E": "5"}, private().Headers)

	p := problem(t, f.call("PATCH", one, `{"secret":"`+secretOf(32)+`"}`), 422)
	require.Contains(t, p.Detail, "rotate")
}

func TestWebhookPreconditions(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	one := "/webhooks/" + f.create(`{"callback_url":"https://shop.example/"}`).ID
	require.Equal(t, 200, f.call("PATCH", one, `{"client_name":"a"}`).Code) // version 2
	for _, test := range []struct {
		method, path, body, header string
		status                     int
	}{
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: "1"`, 412},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: W/"1"`, 412},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: W/"2"`, 200},
		{"PATCH", one, `{"client_name":"a"}`, `If-None-Match: "2"`, 412},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: "2"`, 200},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: *`, 200},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: "9", "2"`, 200},
		{"PUT", one, `{"callback_url":"https://shop.example/"}`, `If-Match: "1"`, 412},
		{"POST", one + "/pause", "", `If-Match: "1"`, 412},
		{"POST", one + "/resume", "", `If-Match: "1"`, 412},
		{"POST", one + "/rotate", "", `If-Match: "1"`, 412},
		{"DELETE", one, "", `If-Match: "1"`, 412},
		{"GET", one, "", `If-Match: "1"`, 412},
		{"GET", one, "", `If-None-Match: "2"`, 200},
		{"HEAD", one, "", `If-Match: "2"`, 200},
		{"DELETE", one, "", `If-Match: "2"`, 204},
		{"DELETE", one, "", `If-Match: "2"`, 404},
		{"PATCH", one, `{"client_name":"a"}`, `If-Match: *`, 404},
		{"DELETE", one, "", "", 404},
	} {
		w := f.call(test.method, test.path, test.body, test.header)
		require.Equal(t, test.status, w.Code, "%s %s: %s", test.method, test.header, w.Body)
		if test.status >= 400 {
			require.NotContains(t, problem(t, w, test.status).Detail, "product")
		}
	}
}

func TestWithoutWebhooks(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, path := range []string{"/webhooks/", "/webhooks/ep_1", "/webhooks/deliveries/1/resend"} {
		problem(t, f.call("POST", path, `{}`), 404)
	}
	mux := http.NewServeMux()
	mux.Handle("/{id}", f.api.Webhook())
	f.api = nil
	w := newRecorder(mux, request("GET", "/x", ""))
	require.Equal(t, 404, w.Code, "handlers that are mounted singly")
	require.Contains(t, w.Body.String(), "no webhooks")
}

func TestSingleWebhookHandlers(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	v := f.create(`{"callback_url":"https://shop.example/"}`)
	mux := http.NewServeMux()
	mux.Handle("/hooks/{id}", f.api.Webhook())
	w := newRecorder(mux, request("GET", "/hooks/"+v.ID, ""))
	require.Equal(t, 200, w.Code)
	var got hookView
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, v.ID, got.ID)
}

// locked is a store whose endpoints' secrets can't be read.
type locked struct{ *memory.Webhooks }

func (s locked) Endpoint(ctx context.Context, id string) (webhooks.Endpoint, error) {
	e, err := s.Webhooks.Endpoint(ctx, id)
	e.Credentials = webhooks.Credentials{Unreadable: true}
	return e, err
}

func (s locked) ListEndpoints(ctx context.Context, limit, offset int) ([]webhooks.Endpoint, int64, error) {
	all, n, err := s.Webhooks.ListEndpoints(ctx, limit, offset)
	for i := range all {
		all[i].Credentials = webhooks.Credentials{Unreadable: true}
	}
	return all, n, err
}

func (s locked) UpdateEndpoint(ctx context.Context, id string, version int64,
	_ func(*webhooks.Endpoint) error) (webhooks.Endpoint, error) {
	return webhooks.Endpoint{}, fmt.Errorf("%w: %s", webhooks.ErrUnreadable, id)
}

// TestUnreadableSecrets: without the key webhooks can be looked at and deleted.
func TestUnreadableSecrets(t *testing.T) {
	db := memory.New(memory.Options{})
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	require.NoError(t, err)
	store := locked{db.Webhooks()}
	service, err := webhooks.NewService(store, sender, webhooks.ServiceOptions{})
	require.NoError(t, err)
	f := newFixtureOver(t, db.Products(), httpapi.Options{Webhooks: httpapi.Webhooks{Service: service, Store: store},
		Ping: func(context.Context) error {
			return &httpapi.Problem{Status: 503, Code: "secrets_unreadable", Detail: "the key is another one"}
		}})
	w := f.call("POST", "/webhooks/", `{"callback_url":"https://shop.example/","token":"t"}`)
	require.Equal(t, 201, w.Code, w.Body.String())
	created := decode[hookView](t, w)
	require.Equal(t, true, created.fields["secrets_readable"])
	one := "/webhooks/" + created.ID
	w = f.call("GET", "/webhooks/", "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), `"secrets_readable":false`)
	w = f.call("GET", one, "")
	require.Equal(t, 200, w.Code)
	shown := decode[hookView](t, w)
	require.Equal(t, false, shown.fields["secrets_readable"])
	require.Equal(t, []any{}, shown.fields["secrets"])
	require.Equal(t, 200, f.call("GET", one+"/deliveries", "").Code)
	for _, request := range [][3]string{{"PATCH", one, `{"client_name":"x"}`}, {"POST", one + "/resume", ""},
		{"POST", one + "/test", ""}, {"POST", one + "/rotate", ""}} {
		p := problem(t, f.call(request[0], request[1], request[2]), 503)
		require.Equal(t, "secrets_unreadable", p.Code, request)
		require.Contains(t, p.Detail, "a key that the server doesn't have")
	}
	require.Equal(t, "the key is another one", problem(t, f.call("GET", "/readyz", ""), 503).Detail)
	require.Equal(t, 204, f.call("DELETE", one, "").Code)
}
