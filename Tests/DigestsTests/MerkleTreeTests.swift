// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import Testing

/// The tree hash as RFC 6962 section 2.1 defines it, without any cleverness.
private func naive(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
    guard leaves.count > 1 else { return leaves.first ?? .empty }
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    let middle = leaves.startIndex + half
    return .node(naive(leaves[..<middle]), naive(leaves[middle...]))
}

private let leaves = (0..<80).map { TreeHash.leaf([UInt8($0), 7]) }

/// A whole subtree of `leaves`.
private func node(_ subtree: CompactRange.Subtree) -> TreeHash {
    naive(leaves[Int(subtree.start)..<Int(subtree.start) + 1 << subtree.level])
}

private func compact(_ range: Range<Int>) -> CompactRange {
    var compact = CompactRange(at: UInt64(range.lowerBound))
    for index in range { compact.append(leaves[index]) }
    return compact
}

@Suite struct MerkleTreeTests {
    @Test func `hashes of a leaf, a node and the empty tree are those of RFC 6962`() {
        // SHA-256 of nothing, of 00, of 00 01 02 and of 01 with two hashes: computed with Python's hashlib.
        #expect(Hexadecimal.text(TreeHash.empty.bytes) == emptyText)
        #expect(Hexadecimal.text(TreeHash.leaf([]).bytes) == leafText)
        #expect(Hexadecimal.text(TreeHash.leaf([1], [2]).bytes) == twoByteLeafText)
        #expect(Hexadecimal.text(TreeHash.node(.leaf([]), .empty).bytes) == nodeText)
        #expect(TreeHash(TreeHash.empty.bytes) == .empty && TreeHash([1, 2]) == nil)
    }

    @Test func `a leaf of any length has the digest that the public function gives`() {
        for length in 0..<300 {
            let content = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) }
            #expect(TreeHash.leaf(content).bytes == sha256([0] + content).bytes)
        }
    }

    @Test func `roots of trees of known leaves are those that another program computed`() {
        // Leaves: "", 00, 10, 20 21, 30 31, 40..43, 50..57, 60..6f; by Python's hashlib after RFC 6962.
        let contents: [[UInt8]] = [
            [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57),
            Array(0x60...0x6f),
        ]
        var range = CompactRange()
        for (index, content) in contents.enumerated() {
            range.append(TreeHash.leaf(content))
            #expect(Hexadecimal.text(range.root.bytes) == rootTexts[index])
        }
    }

    @Test func `a compact range has the root of the definition at every size`() {
        for size in 0...70 { #expect(compact(0..<size).root == naive(leaves[..<size])) }
    }

    @Test func `ranges cut anywhere merge to the same hashes`() {
        for begin in 0..<20 {
            for end in begin...70 {
                let whole = compact(begin..<end)
                #expect(whole.hashes == whole.subtrees.map(node))
                #expect(CompactRange(UInt64(begin)..<UInt64(end), hashes: whole.hashes) == whole)
                #expect(CompactRange(UInt64(begin)..<UInt64(end), hashes: whole.hashes + [.empty]) == nil)
                for middle in stride(from: begin, through: end, by: 3) {
                    var merged = compact(begin..<middle)
                    merged.append(compact(middle..<end))
                    #expect(merged == whole)
                }
            }
        }
    }

    @Test func `many equal leaves are appended as if one by one`() {
        for begin in 0..<9 {
            for count in 0..<40 {
                var slow = CompactRange(at: UInt64(begin))
                for _ in 0..<count { slow.append(.leaf([])) }
                var fast = CompactRange(at: UInt64(begin))
                fast.append(.leaf([]), count: UInt64(count))
                #expect(slow == fast)
            }
        }
    }

    @Test func `every leaf of every tree is proved, and nothing else passes`() {
        for size in 1...40 {
            let root = naive(leaves[..<size])
            for index in 0..<size {
                let path = TreeProof.inclusion(UInt64(index), size: UInt64(size), node)
                func check(_ leaf: TreeHash, _ index: Int, _ size: Int, _ path: [TreeHash]) -> Bool {
                    TreeProof.isIncluded(leaf, at: UInt64(index), size: UInt64(size), root: root, path: path)
                }
                #expect(check(leaves[index], index, size, path))
                #expect(!check(leaves[index + 1], index, size, path))
                #expect(!check(leaves[index], index + 1, size, path))
                #expect(!check(leaves[index], index, size, path + [.empty]))
                for place in path.indices {
                    var changed = path
                    changed[place] = .empty
                    #expect(!check(leaves[index], index, size, changed))
                    changed.remove(at: place)
                    #expect(!check(leaves[index], index, size, changed))
                }
            }
        }
    }

    @Test func `every tree is proved to begin with each smaller one, and nothing else passes`() {
        for size in 1...40 {
            let root = naive(leaves[..<size])
            for old in 0...size {
                let oldRoot = naive(leaves[..<old])
                let path = TreeProof.consistency(UInt64(old), size: UInt64(size), node)
                func check(_ old: Int, _ oldRoot: TreeHash, _ path: [TreeHash]) -> Bool {
                    TreeProof.isConsistent(
                        old: UInt64(old),
                        oldRoot: oldRoot,
                        size: UInt64(size),
                        root: root,
                        path: path
                    )
                }
                #expect(check(old, oldRoot, path))
                #expect(!check(old, .leaf([9]), path))
                #expect(!check(old, oldRoot, path + [.empty]))
                #expect(!check(size + 1, oldRoot, path))
                for place in path.indices {
                    var changed = path
                    changed[place] = .empty
                    #expect(!check(old, oldRoot, changed))
                }
            }
        }
    }
}

private let emptyText = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
private let leafText = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
private let twoByteLeafText = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"
private let nodeText = "8c35feba66fbe78ac0ead640353127fa1bfe1c20c64b4ab6ce2ee56418828f0e"
private let rootTexts = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
