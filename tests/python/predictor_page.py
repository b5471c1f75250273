"""A person with a browser at a predictor's page: picks a ticker, looks at the plot, tries a path of the documentation.

usage: predictor_page.py URL FEATURES_FOLDER SYMBOL [PICTURE_FOLDER]

Needs chromium and chromedriver. With a folder it leaves pictures there.
"""

import pathlib
import shutil
import sys

import pyarrow.parquet
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

url, folder, symbol, *pictures = sys.argv[1:]
options = webdriver.ChromeOptions()
for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
    options.add_argument(flag)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
options.binary_location = shutil.which("chromium")
browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
browser.set_page_load_timeout(60)
wait = WebDriverWait(browser, 60)


def said():
    """What the page has said on the console."""
    return [entry["message"] for entry in browser.get_log("browser")]


def fits():
    """Whether nothing is wider than the window."""
    return browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def picture(name):
    if pictures:
        browser.save_screenshot(str(pathlib.Path(pictures[0]) / name))


try:
    browser.set_window_size(1000, 1100)
    browser.get(url)
    field = browser.find_element(By.NAME, "symbol")
    field.send_keys(symbol)
    field.submit()
    wait.until(lambda browser: browser.find_element(By.ID, "ticker").text == symbol)

    table = pyarrow.parquet.read_table(f"{folder}/{symbol}.parquet", columns=["Date", "Volume"]).to_pydict()
    plotted = browser.find_elements(By.CSS_SELECTOR, "svg path")
    assert len(plotted) == 5, len(plotted)
    shown = min(250, len(table["Date"]))
    assert plotted[0].get_attribute("d").count("L") == shown - 1
    assert plotted[1].get_attribute("d").count("L") > shown // 2
    first = browser.find_element(By.CSS_SELECTOR, "tbody tr").text.split()
    assert first[0] == str(table["Date"][-1]), first
    assert first[1] == f"{table['Volume'][-1]:,}", first
    assert int(browser.find_element(By.ID, "next").text.replace(",", "")) > 0
    assert fits()
    picture("page.png")
    browser.set_window_size(390, 844)
    browser.get(f"{url}/?symbol={symbol}")
    assert fits(), "too wide for a phone"
    picture("phone.png")

    browser.set_window_size(1000, 1100)
    browser.get(f"{url}/docs")
    operation = browser.find_element(By.CSS_SELECTOR, "details:has(form[data-path='/predict'][data-method='GET'])")
    operation.find_element(By.TAG_NAME, "summary").click()
    operation.find_element(By.NAME, "symbol").send_keys(symbol)
    operation.find_element(By.TAG_NAME, "button").click()
    answer = operation.find_element(By.TAG_NAME, "output")
    wait.until(lambda _: answer.text.startswith("200 · version "))
    assert not said(), said()

    browser.get(f"{url}/?symbol=NOT.HERE")
    assert "has no ticker" in browser.find_element(By.CLASS_NAME, "wrong").text
finally:
    browser.quit()
print("as expected")
