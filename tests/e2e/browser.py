"""Drives a real Chromium by the W3C WebDriver protocol, with nothing but the standard library.

    with Browser() as b:
        b.open('http://127.0.0.1:8580/')        # file:///... as well
        b.find('#name').type('hanako')
        b.keys(b.TAB, 'text', b.ENTER)          # to whatever has the focus
        b.until(lambda: b.text('h1') == '関所')
        b.run('return document.title')
        b.picture('/path/of/page.png')

`missing()` gives the reason why there is no browser here, or ''. The browser keeps its profile in a folder of its own,
asks no network but what the page asks (no first run, no updates), and is ended with everything it started. `dialogs` are
never answered by themselves: an alert() that a page should not have made is an error of the next command."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
CHROMIUM = next((p for p in map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')) if p), '')
DRIVER = shutil.which('chromedriver') or ''


def missing():
    if not CHROMIUM:
        return 'chromium is not installed'
    return '' if DRIVER else 'chromedriver (package chromium-driver) is not installed'


class WebDriverError(Exception):
    def __init__(self, kind, words):
        super().__init__('%s: %s' % (kind, words.split('\n')[0]))
        self.kind = kind


class Element:
    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def ask(self, method, path, body=None):
        return self.browser.ask(method, 'element/%s/%s' % (self.number, path), body)

    def click(self):
        self.ask('POST', 'click', {})

    def clear(self):
        self.ask('POST', 'clear', {})

    def type(self, text):
        self.ask('POST', 'value', {'text': text})
        return self

    @property
    def text(self):
        return self.ask('GET', 'text')

    def attribute(self, name):
        return self.ask('GET', 'attribute/' + name)

    def get(self, name):
        """A property of the element: value, checked, files ..."""
        return self.ask('GET', 'property/' + name)

    @property
    def shown(self):
        return self.ask('GET', 'displayed')

    @property
    def role(self):
        """The role that a screen reader hears."""
        return self.ask('GET', 'computedrole')

    @property
    def label(self):
        """The name that a screen reader hears."""
        return self.ask('GET', 'computedlabel')

    def find(self, css):
        return Element(self.browser, self.ask('POST', 'element', {'using': 'css selector', 'value': css})[ELEMENT])

    def picture(self, path):
        save(path, self.ask('GET', 'screenshot'))


def save(path, encoded):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(base64.b64decode(encoded))


class Browser:
    # What the protocol calls keys (W3C WebDriver 17.4.2).
    BACKSPACE, TAB, ENTER, SHIFT, CONTROL, ALT, ESCAPE, SPACE = (
        '\ue003', '\ue004', '\ue007', '\ue008', '\ue009', '\ue00a', '\ue00c', '\ue00d')
    END, HOME, LEFT, UP, RIGHT, DOWN = '\ue010', '\ue011', '\ue012', '\ue013', '\ue014', '\ue015'

    def __init__(self, width=1280, height=900, language='ja', dark=False, arguments=(), preferences=None):
        if missing():
            raise RuntimeError(missing())
        self.folder = tempfile.mkdtemp(prefix='sekisho-browser-')
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.log = open(os.path.join(self.folder, 'driver.log'), 'wb')
        self.driver = subprocess.Popen(
            [DRIVER, '--port=%d' % self.port], stdout=self.log, stderr=self.log, start_new_session=True,
            env={**os.environ, 'HOME': self.folder, 'LANGUAGE': language, 'no_proxy': '*', 'TMPDIR': self.folder})
        self.session = ''
        try:
            self.begin(width, height, language, dark, list(arguments), preferences or {})
        except BaseException:
            self.close()
            raise

    def begin(self, width, height, language, dark, arguments, preferences):
        end = time.time() + 20
        while True:
            try:
                if self.raw('GET', '/status')['ready']:
                    break
            except OSError:
                pass
            if time.time() > end or self.driver.poll() is not None:
                raise RuntimeError('chromedriver did not start')
            time.sleep(.05)
        flags = ['--headless=new', '--user-data-dir=' + os.path.join(self.folder, 'profile'), '--disable-gpu',
                 '--disable-dev-shm-usage', '--no-first-run', '--no-default-browser-check',
                 '--disable-background-networking', '--disable-component-update', '--disable-sync',
                 '--disable-default-apps', '--disable-extensions', '--no-proxy-server', '--hide-scrollbars',
                 '--lang=' + language, '--accept-lang=' + language, '--window-size=%d,%d' % (width, height)]
        if dark:
            flags.append('--blink-settings=preferredColorScheme=0')
        if os.geteuid() == 0:
            flags.append('--no-sandbox')
        answer = self.raw('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'unhandledPromptBehavior': 'ignore', 'acceptInsecureCerts': True,
            'timeouts': {'script': 20000, 'pageLoad': 30000, 'implicit': 0},
            'goog:loggingPrefs': {'browser': 'ALL'},
            'goog:chromeOptions': {'binary': CHROMIUM, 'args': flags + arguments, 'prefs': {
                'intl.accept_languages': language, **preferences}}}}}, timeout=60)
        self.session = answer['sessionId']

    def raw(self, method, path, body=None, timeout=60):
        request = urllib.request.Request(
            'http://127.0.0.1:%d%s' % (self.port, path), method=method,
            data=None if body is None else json.dumps(body).encode(), headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            value = json.load(error)['value']
            raise WebDriverError(value.get('error', '?'), value.get('message', '')) from None

    def ask(self, method, path, body=None):
        return self.raw(method, '/session/%s/%s' % (self.session, path), body)

    # Pages

    def open(self, url):
        self.ask('POST', 'url', {'url': url})

    @property
    def url(self):
        return self.ask('GET', 'url')

    @property
    def title(self):
        return self.ask('GET', 'title')

    @property
    def source(self):
        return self.ask('GET', 'source')

    def reload(self):
        self.ask('POST', 'refresh', {})

    def size(self, width, height):
        self.ask('POST', 'window/rect', {'width': width, 'height': height})

    def cookies(self):
        return {c['name']: c for c in self.ask('GET', 'cookie')}

    # Elements

    def find(self, css):
        return Element(self, self.ask('POST', 'element', {'using': 'css selector', 'value': css})[ELEMENT])

    def all(self, css):
        return [Element(self, e[ELEMENT])
                for e in self.ask('POST', 'elements', {'using': 'css selector', 'value': css})]

    def has(self, css):
        return bool(self.all(css))

    def text(self, css):
        """Text of the first such element that is there, else ''."""
        found = self.run('const e = document.querySelector(arguments[0]); return e ? e.innerText : ""', css)
        return found.strip()

    @property
    def focused(self):
        return Element(self, self.ask('GET', 'element/active')[ELEMENT])

    def upload(self, css, path):
        """Gives a file to an <input type=file>."""
        self.find(css).type(os.path.abspath(path))

    def keys(self, *keys):
        """Presses and releases each character of each argument; a pair (MODIFIER, key) holds the first down."""
        actions = []
        for key in keys:
            if isinstance(key, tuple):
                actions += [{'type': 'keyDown', 'value': key[0]}, {'type': 'keyDown', 'value': key[1]},
                            {'type': 'keyUp', 'value': key[1]}, {'type': 'keyUp', 'value': key[0]}]
            else:
                for c in key:
                    actions += [{'type': 'keyDown', 'value': c}, {'type': 'keyUp', 'value': c}]
        self.ask('POST', 'actions', {'actions': [{'type': 'key', 'id': 'keyboard', 'actions': actions}]})

    # Scripts

    def run(self, script, *arguments):
        """A function's body; gives what it returns. Runs apart from the page's content policy."""
        return self.ask('POST', 'execute/sync', {'script': script, 'args': list(arguments)})

    def run_async(self, script, *arguments):
        """The last argument is the function to call with the result."""
        return self.ask('POST', 'execute/async', {'script': script, 'args': list(arguments)})

    def until(self, is_so, seconds=10, every=.05):
        """Waits until the function gives something true (elements that come and go are no error); gives that, or
        what it gave last."""
        end = time.time() + seconds
        while True:
            try:
                value = is_so()
            except WebDriverError as error:
                if error.kind not in ('no such element', 'stale element reference', 'javascript error'):
                    raise
                value = None
            if value or time.time() > end:
                return value
            time.sleep(every)

    @property
    def dialog(self):
        """Text of the alert, confirm or prompt that is open; None if there is none."""
        try:
            return self.ask('GET', 'alert/text')
        except WebDriverError as error:
            if error.kind == 'no such alert':
                return None
            raise

    def dismiss(self):
        self.ask('POST', 'alert/dismiss', {})

    def console(self):
        """What the browser's console said since the last call, violations of the content policy among it."""
        return [(e['level'], e['message']) for e in self.ask('POST', 'se/log', {'type': 'browser'})]

    def command(self, name, **parameters):
        """A command of the Chrome DevTools protocol."""
        return self.ask('POST', 'goog/cdp/execute', {'cmd': name, 'params': parameters})

    def picture(self, path, whole=False):
        """A PNG of the window, or of the whole page."""
        if whole:
            save(path, self.command('Page.captureScreenshot', format='png', captureBeyondViewport=True)['data'])
        else:
            save(path, self.ask('GET', 'screenshot'))

    # The end

    def close(self):
        if self.session:
            try:
                self.raw('DELETE', '/session/' + self.session, timeout=20)
            except (OSError, WebDriverError, ValueError):
                pass
            self.session = ''
        if self.driver.poll() is None:
            try:
                os.killpg(self.driver.pid, signal.SIGTERM)
                self.driver.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.driver.pid, signal.SIGKILL)
        except OSError:
            pass
        self.driver.wait()
        self.log.close()
        shutil.rmtree(self.folder, True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
