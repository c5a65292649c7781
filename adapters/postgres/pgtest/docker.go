package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

const (
	officialImage = "postgres:17.6"
	containerLife = 90 * 60 // seconds, for a test process that was killed; longer than .ci/run gives one
)

// fromDocker starts a container.
func fromDocker(o options) (*server, error) {
	image := os.Getenv("TEST_POSTGRES_IMAGE")
	if image == "" {
		image = officialImage
	}
	fail := func(err error) (*server, error) { return nil, fmt.Errorf("dockertest (%s): %w", image, err) }
	pool, err := dockertest.NewPool("")
	if err != nil {
		return fail(err)
	}
	if err := ping(pool.Client); err != nil {
		return fail(err)
	}
	repository, tag := docker.ParseRepositoryTag(image)
	if tag == "" {
		tag = "latest"
	}
	if _, err := pool.Client.InspectImage(image); err != nil {
		// Dockertest would pull it as well, but wait for a registry that never answers.
		err := pool.Client.PullImage(docker.PullImageOptions{Repository: repository, Tag: tag,
			InactivityTimeout: 20 * time.Second}, docker.AuthConfiguration{})
		if err != nil {
			return fail(err)
		}
	}
	password := rand.Text()
	options := &dockertest.RunOptions{
		Repository: repository,
		Tag:        tag,
		Env:        []string{"POSTGRES_USER=postgres", "POSTGRES_PASSWORD=" + password},
		Cmd:        append([]string{"postgres"}, o.settings()...),
	}
	if o.own {
		// One that the engine chooses would be another one after each start.
		port, err := freePort()
		if err != nil {
			return fail(err)
		}
		options.PortBindings = map[docker.Port][]docker.PortBinding{"5432/tcp": {{HostIP: "127.0.0.1",
			HostPort: strconv.Itoa(port)}}}
	}
	resource, err := pool.RunWithOptions(options, func(c *docker.HostConfig) {
		c.AutoRemove = !o.own // it would go when it is stopped
		switch {
		case o.small > 0:
			c.Tmpfs = map[string]string{"/small": fmt.Sprintf("size=%d,mode=1777", o.small)}
			fallthrough
		case o.own || benchmarks():
			// A volume, as official images declare one: a container's own layers are slow to write.
			c.Mounts = []docker.HostMount{{Type: "volume", Target: "/var/lib/postgresql/data"}}
		default:
			// Databases are made and dropped in memory at half the price.
			c.Tmpfs = map[string]string{"/var/lib/postgresql/data": ""}
		}
	})
	if err != nil {
		return fail(err)
	}
	c := &container{pool, resource}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: resource.GetHostPort("5432/tcp"), Path: "/postgres", RawQuery: "sslmode=disable"}
	s := &server{url: u.String(), from: "dockertest (" + image + ")", small: "/small", stop: c.stop, crash: c.crash,
		start: c.start, freeze: c.freeze, thaw: c.thaw}
	if err := c.expire(); err != nil {
		s.stop()
		return fail(err)
	}
	if _, err := await(s.url, time.Minute); err != nil {
		s.stop()
		return fail(err)
	}
	if !o.own {
		s.url = c.nearer(u)
		kept, err := verifier(password)
		if err == nil {
			err = run(s.url, `ALTER ROLE postgres PASSWORD `+pq.QuoteLiteral(kept))
		}
		if err != nil {
			s.stop()
			return fail(err)
		}
	}
	return s, nil
}

// nearer returns the URL of the container's own address where it answers, as it does where the engine is this machine's
// own: the way over a published port leads through a process that copies every byte.
func (c *container) nearer(u url.URL) string {
	published := u.String()
	u.Host = net.JoinHostPort(c.resource.Container.NetworkSettings.IPAddress, "5432")
	if strings.HasPrefix(u.Host, ":") {
		return published
	}
	// Another container may have that address on an engine elsewhere; it hasn't got the password.
	if _, err := await(u.String(), 300*time.Millisecond); err != nil {
		return published
	}
	return u.String()
}

// ping reports whether an engine answers.
func ping(client *docker.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := client.PingWithContext(ctx); err != nil {
		return fmt.Errorf("no Docker engine answers: %s", strings.TrimSpace(err.Error()))
	}
	return nil
}

// container runs a server.
type container struct {
	pool     *dockertest.Pool
	resource *dockertest.Resource
}

func (c *container) expire() error { return c.resource.Expire(containerLife) }

func (c *container) stop() { _ = c.pool.Purge(c.resource) }

func (c *container) crash() error {
	id := c.resource.Container.ID
	err := c.pool.Client.KillContainer(docker.KillContainerOptions{ID: id, Signal: docker.SIGQUIT})
	_, gone := c.pool.Client.WaitContainer(id)
	return errors.Join(err, gone)
}

func (c *container) start() error {
	return errors.Join(c.pool.Client.StartContainer(c.resource.Container.ID, nil), c.expire())
}

// freeze tries again for a while: an engine gives up where processes begin and end all the time, as on a busy machine.
func (c *container) freeze() (err error) {
	for range 20 {
		if err = c.pool.Client.PauseContainer(c.resource.Container.ID); err == nil {
			return nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

func (c *container) thaw() error { return c.pool.Client.UnpauseContainer(c.resource.Container.ID) }
